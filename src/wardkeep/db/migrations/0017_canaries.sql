-- SPDX-License-Identifier: Apache-2.0
-- Canaries: which patients do not exist is known to the warden alone. One sealed list an
-- organisation: neither ids nor, to the nearest few hundred, their number can be read here.

create table warden.canary_list (
  organisation  integer primary key references warden.organisation (number),
  wrapped_key   bytea not null,
  sealed        bytea not null
);
grant select, insert, update on warden.canary_list to wardkeep_warden;
