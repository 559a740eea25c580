// SPDX-License-Identifier: Apache-2.0
// What a device keeps until its owner signs out goes when they did, from whichever page:
// databases whose name says so. What somebody typed and that is not in yet stays.

const KEPT = "wardkeep-until-sign-out ";
for (const { name } of (await indexedDB.databases?.()) ?? [])
  if (name.startsWith(KEPT)) indexedDB.deleteDatabase(name);
