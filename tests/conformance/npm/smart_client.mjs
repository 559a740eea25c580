// SPDX-License-Identifier: Apache-2.0
// Uses the SMART client for JavaScript against the API; writes what it got.
import FHIR from 'fhirclient';

let text = '';
for await (const piece of process.stdin) text += piece;
const asked = JSON.parse(text);
const smart = FHIR(
  { headers: {}, url: '/', protocol: 'http', socket: {} },
  { setHeader() {}, writeHead() {}, end() {} },
);
const client = smart.client({
  serverUrl: asked.base,
  tokenResponse: { access_token: asked.token },
});
const said = {};
const created = await client.create({
  resourceType: 'Patient',
  name: [{ family: 'Merriweather', given: ['Ivy'] }],
});
said.family = (await client.request(`Patient/${created.id}`)).name[0].family;
const updated = await client.update({ ...created, birthDate: '1931-04-05' });
said.version = updated.meta.versionId;
const pages = await client.request('Patient?_count=2&_sort=_id', {
  pageLimit: 0,
  flat: true,
});
said.ids = pages.map((one) => one.id);
const resolved = await client.request(`Observation/${asked.observation}`, {
  resolveReferences: 'subject',
});
said.subject = resolved.subject.resourceType;
const patched = await client.patch(`Patient/${created.id}`, [
  { op: 'replace', path: '/birthDate', value: '1932-04-05' },
]);
said.birthDate = patched.birthDate;
await client.delete(`Patient/${created.id}`);
try {
  await client.request(`Patient/${created.id}`);
} catch (error) {
  said.status = error.statusCode ?? error.status;
  said.message = String(error.message).slice(0, 200);
}
process.stdout.write(JSON.stringify(said));
