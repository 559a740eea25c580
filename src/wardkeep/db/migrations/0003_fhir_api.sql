-- SPDX-License-Identifier: Apache-2.0
-- The FHIR API: what programs may do.

-- Of a program's session: its SMART scopes; null for people's.
alter table warden.session add column scope text;
