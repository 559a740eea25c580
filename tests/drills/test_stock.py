# SPDX-License-Identifier: Apache-2.0
"""Drills on stock: what a thief, a race and an edited database do to a register.

The real processes over HTTP. A thief has cookies and no passkey.
"""

import asyncio
import re
import threading
from collections.abc import Iterator

import msgspec
import pytest

from support.owner import owner_of
from support.prescribing import AMOXICILLIN, DIAZEPAM, PREGABALIN
from support.stocked import BASE, CAR, MORPHINE, Depot, depot
from support.urgent import Desk
from wardkeep.base.ids import OrganisationId
from wardkeep.fhir.model.type_codes import type_code
from wardkeep.fhir.prescriptions.formulary import item_content

SEE_OTHER, FORBIDDEN, MISSING, CONFLICT, WRONG = 303, 403, 404, 409, 422


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Depot]:
    folder, keys = (tmp_path_factory.mktemp(one) for one in ("stock", "keys"))
    with depot(folder, keys) as made:
        yield made


def key(place: str, lot: str) -> str:
    return f"{place}~{lot}"


def test_what_is_given_is_chosen_from_the_register_and_counted_down_once(
    there: Depot,
) -> None:
    lot = there.receives(AMOXICILLIN, 3, 21, batch="AMOX1")
    rx = there.prescribes("amber", AMOXICILLIN, 21, there.ann)
    form = there.ann.get(f"{rx}/give").decode()
    assert "batch AMOX1" in form
    assert "63 capsules left (3 packets of 21)" in form
    # A packet that is not in the register is not given beside it
    packet = {"batch": "MINE", "expires-month": "8", "expires-year": "2031"}
    assert there.ann.press(f"{rx}/give", {"version": "1", **packet})[0] == WRONG
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    assert "said=changed" in there.ann.press(f"{rx}/give", chosen)[1]
    assert there.left(BASE, lot) == 42
    [dispense] = there.dispenses("amber")
    batch = dispense["contained"][0]["batch"]
    assert (batch["lotNumber"], dispense["quantity"]["value"]) == ("AMOX1", 21)
    register = there.ben.get(f"{BASE}/register/{AMOXICILLIN.id}").decode()
    assert f'href="{rx}"' in register
    # A slip is taken back by an entry of its own
    assert "said=undone" in there.ann.press(f"{rx}/undo", {"version": "2"})[1]
    assert there.left(BASE, lot) == 63
    register = there.ben.get(f"{BASE}/register/{AMOXICILLIN.id}").decode()
    assert "Taken back: the entry before" in register
    assert "Given to a patient" in register


def test_of_two_who_give_the_last_packet_at_one_moment_one_has_it(
    there: Depot,
) -> None:
    lot = there.receives(AMOXICILLIN, 1, 18, batch="LAST")
    first = there.prescribes("birch", AMOXICILLIN, 18, there.ann)
    second = there.prescribes("cedar", AMOXICILLIN, 18, there.ben)
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    told: list[str] = []
    gate = threading.Barrier(2)

    def give(who: Desk, rx: str) -> None:
        gate.wait()
        status, to, _ = who.press(f"{rx}/give", chosen)
        told.append("given" if "said=given" in to else str(status))

    hands = [
        threading.Thread(target=give, args=one)
        for one in ((there.ann, first), (there.ben, second))
    ]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(told) == ["422", "given"]
    assert there.left(BASE, lot) == 0
    assert len([*there.dispenses("birch"), *there.dispenses("cedar")]) == 1


def test_a_move_is_in_both_registers_and_a_car_says_what_it_carries(
    there: Depot,
) -> None:
    lot = there.receives(DIAZEPAM, 4, 6, batch="DZ1")
    form = {"to": "CareTeam/car-one", "many": "12"}
    stale = there.ann.press(f"{BASE}/lots/{lot}/move", form | {"version": "9"})
    assert "said=changed" in stale[1]
    form |= there.version(BASE, lot)
    assert "said=moved" in there.ann.press(f"{BASE}/lots/{lot}/move", form)[1]
    assert "said=changed" in there.ann.press(f"{BASE}/lots/{lot}/move", form)[1]
    assert (there.left(BASE, lot), there.left(CAR, lot)) == (12, 12)
    carried = there.ann.get(CAR).decode()
    assert "Diazepam 2 mg tablets" in carried
    assert "2 packets of 6" in carried
    # More than there is goes nowhere
    more = {"to": "Location/moor-lane", "many": "13", **there.version(CAR, lot)}
    assert there.ann.press(f"{CAR}/lots/{lot}/move", more)[0] == WRONG


def test_a_stolen_clinician_hides_no_theft_from_the_register(there: Depot) -> None:
    lot = there.receives(MORPHINE, 1, 10, batch="MO1")
    at = f"{BASE}/lots/{lot}"
    # No count, correction or level is theirs to write
    for path, form in (
        (f"{at}/count", {"found": "7"}),
        (f"{BASE}/register/{MORPHINE.id}/correct", {"number": "1", "should": "7"}),
        (f"{BASE}/least/{MORPHINE.id}", {"least": "0"}),
    ):
        said = there.ann.press(path, form | there.version(BASE, lot))
        assert said[0] == FORBIDDEN, path
    assert there.ann.ask("GET", "/stock/check")[0] == FORBIDDEN
    # Nor is a delivery of a controlled drug taken back by whoever wrote it
    undone = there.lee.press(f"{at}/undo", there.version(BASE, lot))
    assert "said=too-late" in undone[1]
    # "Broken" waits for a second person, and two stolen cookies are no second person
    form = {"gone": "3", "why": "Broken", **there.version(BASE, lot)}
    assert "said=asked" in there.ann.press(f"{at}/dispose", form)[1]
    assert "said=waits" in there.ann.press(f"{at}/dispose", form)[1]
    assert there.left(BASE, lot) == 10
    waits = waiting(there)
    assert there.ann.press(f"{waits}/sign", {})[0] == CONFLICT
    assert there.ann.press(f"{waits}/agree", {})[0] == CONFLICT
    assert "said=changed" in there.ben.press(f"{waits}/agree", {})[1]
    assert there.ben.press(f"{waits}/withdraw", {})[0] == CONFLICT
    assert there.left(BASE, lot) == 10
    # With a passkey it is in the register, with both names
    there.signs(there.ben, there.goes_on(there.ben, waits)[2])
    assert "said=agreed" in there.ben.press(f"{waits}/agree", {})[1]
    assert there.left(BASE, lot) == 7
    assert there.ben.press(f"{waits}/agree", {})[0] == MISSING
    register = there.ben.get(f"{BASE}/register/{MORPHINE.id}").decode()
    assert "Disposed of" in register
    assert "Wholesaler, 1 Example Road" in register


def waiting(there: Depot) -> str:
    """The address of what waits for a second person."""
    page = there.ben.get("/stock").decode()
    [id_] = {one.partition('"')[0] for one in page.split('href="/stock/waits/')[1:]}
    return f"/stock/waits/{id_}"


def test_a_count_that_differs_is_counted_again_by_somebody_who_is_not_told(
    there: Depot,
) -> None:
    lot = there.receives(AMOXICILLIN, 2, 21, batch="CNT")
    at = f"{BASE}/lots/{lot}"
    right = {"found": "42", **there.version(BASE, lot)}
    assert "said=counted" in there.lee.press(f"{at}/count", right)[1]
    less = {"found": "40", **there.version(BASE, lot)}
    assert there.lee.press(f"{at}/count", less)[0] == WRONG
    less["reason"] = "Two capsules on the floor"
    assert "said=asked" in there.lee.press(f"{at}/count", less)[1]
    waits = waiting(there)
    shown = there.ann.get(waits).decode()
    # Neither the number nor why: "Two capsules on the floor" tells it too
    assert "become" not in shown
    assert "Two capsules" not in shown
    assert "Two capsules" in there.lee.get(waits).decode()
    assert there.goes_on(there.ann, waits, found="41")[0] == WRONG
    there.signs(there.ann, there.goes_on(there.ann, waits, found="40")[2])
    assert "Two capsules" in there.ann.get(waits).decode()
    assert "said=agreed" in there.ann.press(f"{waits}/agree", {})[1]
    assert there.left(BASE, lot) == 40
    # What was asked by mistake is withdrawn by whoever asked
    less = {"found": "1", "reason": "Slip", **there.version(BASE, lot)}
    assert "said=asked" in there.lee.press(f"{at}/count", less)[1]
    assert "said=withdrawn" in there.lee.press(f"{waiting(there)}/withdraw", {})[1]
    assert "39 less than 40" in there.ben.get("/stock").decode()
    assert there.left(BASE, lot) == 40


def test_a_correction_is_an_entry_and_the_wrong_one_stays(there: Depot) -> None:
    lot = there.receives(PREGABALIN, 82, 1, batch="PG")
    register = f"{BASE}/register/{PREGABALIN.id}"
    form = {"number": "1", "top": "1", "should": "28", "why": "Typed 82 for 28"}
    assert "said=asked" in there.lee.press(f"{register}/correct", form)[1]
    waits = waiting(there)
    # What they sign is what the page showed: somebody moves some of it meanwhile
    seen = there.shown(there.ann, waits)
    moves = {"to": "CareTeam/car-one", "many": "2", **there.version(BASE, lot)}
    assert "said=moved" in there.ben.press(f"{BASE}/lots/{lot}/move", moves)[1]
    status, to, _ = there.ann.press(f"{waits}/sign", seen)
    assert (status, to) == (SEE_OTHER, f"{waits}?said=changed")
    assert f"80 {PREGABALIN.supplied} become 26" in there.ann.get(to).decode()
    there.signs(there.ann, there.goes_on(there.ann, waits)[2])
    assert "said=agreed" in there.ann.press(f"{waits}/agree", {})[1]
    assert there.left(BASE, lot) == 26
    page = there.lee.get(register).decode()
    assert "Typed 82 for 28" in page
    assert 'id="entry-1"' in page


def test_a_stolen_clinician_takes_no_controlled_drug_back_for_itself(
    there: Depot,
) -> None:
    lot = there.receives(DIAZEPAM, 2, 6, batch="BACK")
    rx = there.prescribes_by_two("larch", DIAZEPAM, 6)
    chosen = {"version": "3", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    # Given to a record, taken back by the same hand, and kept
    assert there.ann.press(f"{rx}/undo", {"version": "4"})[0] == CONFLICT
    assert there.ben.press(f"{rx}/return", {"version": "4"})[0] == CONFLICT
    assert "said=returning" in there.ann.press(f"{rx}/return", {"version": "4"})[1]
    assert there.ann.press(f"{rx}/undo", {"version": "5"})[0] == CONFLICT
    assert there.ann.press(f"{rx}/return/sign", {"version": "5"})[0] == CONFLICT
    # A second stolen cookie is no second person
    assert "said=not-signed" in there.ben.press(f"{rx}/undo", {"version": "5"})[1]
    assert there.left(BASE, lot) == 6
    there.signs(there.ben, there.ben.press(f"{rx}/return/sign", {"version": "5"})[2])
    assert "said=undone" in there.ben.press(f"{rx}/undo", {"version": "5"})[1]
    assert there.left(BASE, lot) == 12
    register = there.lee.get(f"{BASE}/register/{DIAZEPAM.id}").decode()
    # Both names stand beside it
    found = re.search(r"Taken back.*?Who </span><span>([^<]+)<", register, re.DOTALL)
    assert found
    assert " and " in found[1], found[1]
    check = there.lee.get("/stock/check").decode()
    assert "it was changed after it was written" not in check
    # It can be given again, as it was signed for
    again = {"version": "6", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", again)[1]
    assert there.left(BASE, lot) == 6


def test_what_was_put_right_meanwhile_is_not_signed_for_once_more(
    there: Depot,
) -> None:
    lot = there.receives(DIAZEPAM, 2, 6, batch="TWICE")
    rx = there.prescribes_by_two("maple", DIAZEPAM, 6)
    chosen = {"version": "3", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    register = f"{BASE}/register/{DIAZEPAM.id}"
    top = str(last(there, register))
    form = {"number": top, "top": top, "should": "0", "why": "Never given"}
    assert "said=asked" in there.lee.press(f"{register}/correct", form)[1]
    waits = waiting(there)
    seen = there.shown(there.ben, waits)
    there.signs(there.ben, there.ben.press(f"{waits}/sign", seen)[2])
    # Both clinicians take it back on the prescription's page
    assert "said=returning" in there.ann.press(f"{rx}/return", {"version": "4"})[1]
    there.signs(there.ben, there.ben.press(f"{rx}/return/sign", {"version": "5"})[2])
    assert "said=undone" in there.ben.press(f"{rx}/undo", {"version": "5"})[1]
    assert there.left(BASE, lot) == 12
    # And the correction, that was signed for before, is worth nothing more
    assert there.ben.press(f"{waits}/agree", {})[1] == waits
    assert there.ben.press(f"{waits}/sign", seen)[1] == waits
    assert "put it right twice" in there.ben.get(waits).decode()
    assert "said=withdrawn" in there.lee.press(f"{waits}/withdraw", {})[1]
    assert there.left(BASE, lot) == 12


def test_what_was_taken_back_or_corrected_is_put_right_once(there: Depot) -> None:
    lot = there.receives(AMOXICILLIN, 2, 14, batch="ONCE")
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    register = f"{BASE}/register/{AMOXICILLIN.id}"

    def gives(patient: str) -> tuple[str, dict[str, str]]:
        """The prescription's address, and a correction of its entry."""
        rx = there.prescribes(patient, AMOXICILLIN, 14, there.ann)
        assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
        return rx, {"number": str(last(there, register)), "why": "Never given"}

    def corrects(form: dict[str, str], should: int) -> tuple[int, str]:
        form |= {"top": str(last(there, register)), "should": str(should)}
        return there.lee.press(f"{register}/correct", form)[:2]

    # Taken back by whoever gave it, and corrected after that
    rx, form = gives("once")
    assert "said=undone" in there.ann.press(f"{rx}/undo", {"version": "2"})[1]
    assert there.left(BASE, lot) == 28
    assert corrects(form, 0)[0] == WRONG
    assert there.left(BASE, lot) == 28
    # Corrected, and taken back after that
    rx, form = gives("twice")
    assert "said=corrected" in corrects(form, 0)[1]
    assert there.left(BASE, lot) == 28
    assert there.ann.press(f"{rx}/undo", {"version": "2"})[0] == CONFLICT
    assert there.left(BASE, lot) == 28
    # A correction that was wrong is corrected as things stand by it
    assert "said=corrected" in corrects(form, 14)[1]
    assert there.left(BASE, lot) == 14


def last(there: Depot, register: str) -> int:
    """The number of the last entry of a register."""
    found = re.findall(r'id="entry-([0-9]+)"', there.lee.get(register).decode())
    return max(map(int, found))


def test_a_stolen_desk_sees_no_medicine(there: Depot) -> None:
    lot = there.receives(AMOXICILLIN, 1, 5, batch="DESK")
    for path in (
        "/stock",
        BASE,
        CAR,
        f"{BASE}/receive",
        f"{BASE}/lots/{lot}",
        f"{BASE}/register/{AMOXICILLIN.id}",
        "/stock/check",
        "/formulary",
    ):
        status, page = there.rob.ask("GET", path)
        assert status == FORBIDDEN, path
        assert b"Amoxicillin" not in page
    form = {"to": "CareTeam/car-one", "many": "5", **there.version(BASE, lot)}
    assert there.rob.press(f"{BASE}/lots/{lot}/move", form)[0] == FORBIDDEN
    assert there.left(BASE, lot) == 5


def test_an_edited_database_is_found_and_no_patient_is_opened_for_it(
    there: Depot,
) -> None:
    there.receives(DIAZEPAM, 5, 6, batch="EDIT")
    assert "All of them hold." in there.lee.get("/stock/check").decode()
    # The owner of the table cannot edit it by the way
    assert not asyncio.run(edit(there, _TAKE, may=False))
    assert asyncio.run(edit(there, _TAKE, may=True))
    page = there.lee.get("/stock/check").decode()
    assert "Not all of them hold" in page
    assert "it was changed after it was written" in page
    assert asyncio.run(edit(there, _PUT_BACK, may=True))
    assert "All of them hold." in there.lee.get("/stock/check").decode()
    # Whoever takes the last entry away leaves the delivery without one
    assert asyncio.run(edit(there, _CUT, may=True))
    page = there.lee.get("/stock/check").decode()
    assert "belongs to an entry that is in no register" in page


_LAST = """
 where number = (select max(number) from stock.entry where item = 'formulary-diazepam'
                    and place = 'Location/moor-lane')
   and item = 'formulary-diazepam' and place = 'Location/moor-lane'
"""
_EDIT = """
update stock.entry set amount = amount + %s, balance = balance + %s,
       lot_left = lot_left + %s
"""
_TAKE, _PUT_BACK = (_EDIT.replace("%s", one) + _LAST for one in ("-6", "6"))
_CUT = f"delete from stock.entry{_LAST}"  # noqa: S608 - constants


async def edit(there: Depot, sql: str, *, may: bool) -> bool:
    """Whether the database's owner could; `may`: with its trigger switched off."""
    async with owner_of(there.stack) as owner:
        await owner.serve(OrganisationId(1))
        if may:
            await owner.execute("alter table stock.entry disable trigger user")
        try:
            return not (await owner.execute(sql)).endswith(" 0")
        except Exception:  # noqa: BLE001 - whatever refuses it will do
            return False
        finally:
            await owner.execute("alter table stock.entry enable trigger user")


def test_what_was_given_to_somebody_whose_record_is_gone_is_listed_apart(
    there: Depot,
) -> None:
    lot = there.receives(AMOXICILLIN, 1, 9, batch="GONE")
    rx = there.prescribes("ivy", AMOXICILLIN, 9, there.ann)
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    assert "Whose record is gone" not in there.lee.get("/stock/check").decode()
    assert asyncio.run(edit(there, _ERASE, may=False))
    page = there.lee.get("/stock/check").decode()
    assert "Whose record is gone (1)" in page
    assert "the record of it is gone" not in page
    register = there.lee.get(f"{BASE}/register/{AMOXICILLIN.id}").decode()
    assert "their record is gone" in register


_ERASE = f"""
delete from record.resource where type = {type_code("MedicationDispense")}
   and patient = (select number from record.patient where id = 'ivy')
"""  # noqa: S608 - constants


def test_a_program_gives_no_delivery_another_batch(there: Depot) -> None:
    lot = there.receives(AMOXICILLIN, 1, 7, batch="TRUE")
    path = f"SupplyDelivery/{lot}"
    stored = there.program.get(path).json
    stored["contained"][0]["batch"]["lotNumber"] = "FALSE"
    stored.pop("meta")
    reply = there.program.ask("PUT", path, stored)
    assert reply.status == WRONG, reply
    assert "stock register" in str(reply.json)
    # Nor does it write a packet that claims an entry
    rx = there.prescribes("tansy", AMOXICILLIN, 7, there.ann)
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    [packet] = there.dispenses("tansy")
    packet.pop("meta")
    reply = there.program.ask(
        "PUT", "MedicationDispense/forged", packet | {"id": "forged"}
    )
    assert reply.status == WRONG, reply
    assert "stock register" in str(reply.json)
    assert "batch TRUE" in there.ann.get(f"{BASE}/lots/{lot}").decode()


def test_a_program_takes_no_schedule_off_by_writing(there: Depot) -> None:
    plain = item_content(DIAZEPAM)
    [ours] = plain["extension"]
    ours["extension"] = [it for it in ours["extension"] if it["url"] != "schedule"]
    there.program.put(plain)
    # Nor by another line of the same name
    there.program.put(plain | {"id": "formulary-other"})
    for item in (DIAZEPAM.id, "formulary-other"):
        patient, line = f"rx-{item}", msgspec.structs.replace(DIAZEPAM, id=item)
        rx = there.prescribes(patient, line, 6, there.ann)
        [stored] = there.program.search(
            "MedicationRequest", ("patient", patient)
        ).resources
        assert stored["status"] == "draft", item
        assert "signature" in there.ben.get(rx).decode()
    assert by_two(there) == 4
    # Two people take it off, the second with a passkey
    off = f"/formulary/{DIAZEPAM.id}/schedule"
    assert there.rob.press(f"{off}/ask", {"why": "No longer"})[0] == FORBIDDEN
    assert "said=asked" in there.ann.press(f"{off}/ask", {"why": "Rescheduled"})[1]
    assert there.ann.press(f"{off}/sign", {})[0] == CONFLICT
    assert "said=not-signed" in there.lee.press(f"{off}/lift", {})[1]
    there.signs(there.lee, there.lee.press(f"{off}/sign", {})[2])
    assert "said=lifted" in there.lee.press(f"{off}/lift", {})[1]
    assert by_two(there) == 2
    there.prescribes("hazel", DIAZEPAM, 6, there.ann)
    [stored] = there.program.search("MedicationRequest", ("patient", "hazel")).resources
    assert stored["status"] == "active"
    # Said again, it holds again
    there.program.put(item_content(DIAZEPAM))
    there.program.put(plain)
    assert by_two(there) == 4


def by_two(there: Depot) -> int:
    """Of how many lines the formulary's page says that two people sign."""
    return there.lee.get("/formulary").decode().count(">Two people sign<")


def test_a_busy_night_prints_on_and_a_thief_carries_no_more_records_away(
    there: Depot,
) -> None:
    printed = 0
    for nth in range(13):
        rx = there.prescribes(f"night{nth}", AMOXICILLIN, 6, there.ben)
        status, _, page = there.ben.press(f"{rx}/print", {"version": "1"})
        printed += status == 200
        assert status == 200, (nth, page[-1500:])
    assert printed == 13
    # A record on paper is another thing: as many as ten left today
    status, page = there.ben.ask("GET", "/patients/night12/print?part=whole")
    assert status == FORBIDDEN
    assert "You have printed as many" in page.decode()


def test_names_are_a_list_at_the_door_and_only_whoever_counts_asks_for_them(
    there: Depot,
) -> None:
    lot = there.receives(AMOXICILLIN, 2, 9, batch="NAMED")
    rx = there.prescribes("quill", AMOXICILLIN, 9, there.ann)
    chosen = {"version": "1", "lot": key("Location/moor-lane", lot)}
    assert "said=given" in there.ann.press(f"{rx}/give", chosen)[1]
    at = f"{BASE}/register/{AMOXICILLIN.id}"
    assert b"CALLERQUILL" in there.lee.get(f"{at}?names=yes").upper()
    assert b"CALLERQUILL" not in there.lee.get(at).upper()
    assert b"CALLERQUILL" not in there.ann.get(f"{at}?names=yes").upper()
