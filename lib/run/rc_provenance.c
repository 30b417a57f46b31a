#include "rc_provenance.h"

#include <stdbool.h>
#include <string.h>

#include "rc_json_write.h"

#define PRODUCER "urn:rc:"
#define OPENLINEAGE "https://openlineage.io/spec/"

const char *const rc_provenance_names[] = { "run", "in-toto", "openlineage", "prov", "stac", "dcat", NULL };

const char *
rc_provenance_media_type(enum rc_provenance_form form)
{
	static const char *const types[] = { [RC_PROVENANCE_RUN] = "application/vnd.rc.run+json", [RC_PROVENANCE_IN_TOTO] = "application/vnd.in-toto+json",
	    [RC_PROVENANCE_OPENLINEAGE] = "application/json", [RC_PROVENANCE_PROV] = "application/json",
	    [RC_PROVENANCE_STAC] = "application/geo+json", [RC_PROVENANCE_DCAT] = "application/ld+json" };

	return types[form];
}

/* ---- pieces ---- */

static void
add_known(struct rc_buf *out, const char *name, const char *text)
{
	if (text != NULL)
		rc_json_add_text(out, name, text);
}

static void
add_known_json(struct rc_buf *out, const char *name, const char *json)
{
	if (json != NULL)
		rc_json_add_value(out, name, json);
}

/* Ends the object OBJECT, adds it as the field NAME, and empties it. */
static void
add_object(struct rc_buf *out, const char *name, struct rc_buf *object)
{
	rc_json_close(object);
	rc_json_add_value(out, name, rc_buf_text(object));
	rc_buf_free(object);
}

/* Ends the object OBJECT, adds it to a LIST that is begun, and empties it. */
static void
add_to_list(struct rc_buf *list, struct rc_buf *object)
{
	rc_json_close(object);
	rc_buf_add_text(list, list->length == 0 ? "[" : ",");
	rc_buf_add(list, object->bytes, object->length);
	rc_buf_free(object);
}

static void
add_list(struct rc_buf *out, const char *name, struct rc_buf *list)
{
	rc_buf_add_text(list, list->length == 0 ? "[]" : "]");
	rc_json_add_value(out, name, rc_buf_text(list));
	rc_buf_free(list);
}

static void
end_line(struct rc_buf *line, struct rc_buf *out)
{
	rc_json_close(line);
	rc_buf_add(out, line->bytes, line->length);
	rc_buf_add(out, "\n", 1);
	rc_buf_free(line);
}

/* ---- the run manifest ---- */

static void
add_files(struct rc_buf *out, const char *name, const struct rc_run_files *files)
{
	struct rc_buf list = {0}, file = {0};

	for (size_t i = 0; i < files->count; i++) {
		rc_json_open(&file);
		rc_json_add_text(&file, "path", files->files[i].name);
		rc_json_add_integer(&file, "size", files->files[i].size);
		rc_json_add_text(&file, "sha256", files->files[i].sha256);
		add_to_list(&list, &file);
	}
	add_list(out, name, &list);
}

static const char *
write_run(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0};

	rc_json_open(&line);
	rc_json_add_integer(&line, "v", 1);
	rc_json_add_text(&line, "kind", "run");
	rc_json_add_text(&line, "run_id", facts->id);
	rc_json_add_text(&line, "parent", facts->parent);
	rc_json_add_text(&line, "command", facts->name);
	rc_json_add_value(&line, "argv", facts->argv == NULL ? "null" : facts->argv);
	rc_json_add_text(&line, "version", version);
	rc_json_add_text(&line, "status", facts->status);
	rc_json_add_value(&line, "exit", facts->exit == NULL ? "null" : facts->exit);
	rc_json_add_text(&line, "start", facts->start);
	rc_json_add_text(&line, "end", facts->end);
	rc_json_add_value(&line, "duration_s", facts->duration == NULL ? "null" : facts->duration);
	rc_json_add_text(&line, "host", facts->host);
	rc_json_add_text(&line, "user", facts->user);
	rc_json_add_value(&line, "tools", facts->tools == NULL ? "[]" : facts->tools);
	rc_json_add_value(&line, "counts", facts->counts == NULL ? "null" : facts->counts);
	add_files(&line, "config", &facts->config);
	add_files(&line, "inputs", &facts->inputs);
	add_files(&line, "outputs", &facts->outputs);
	end_line(&line, out);
	return NULL;
}

/* ---- in-toto and SLSA ---- */

static void
add_digest(struct rc_buf *object, const struct rc_run_file *file)
{
	struct rc_buf digest = {0};

	rc_json_open(&digest);
	rc_json_add_text(&digest, "sha256", file->sha256);
	add_object(object, "digest", &digest);
}

static void
add_descriptors(struct rc_buf *list, const struct rc_run_files *files)
{
	struct rc_buf one = {0};

	for (size_t i = 0; i < files->count; i++) {
		rc_json_open(&one);
		rc_json_add_text(&one, "name", files->files[i].name);
		add_digest(&one, &files->files[i]);
		add_to_list(list, &one);
	}
}

static const char *
write_in_toto(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0}, subject = {0}, predicate = {0}, definition = {0}, parameters = {0}, inner = {0}, dependencies = {0}, details = {0},
	    builder = {0}, metadata = {0}, id = {0}, versions = {0};

	if (facts->outputs.count == 0)
		return "an in-toto statement needs a subject: --output names the manifest of what was made";
	add_descriptors(&subject, &facts->outputs);
	add_descriptors(&dependencies, &facts->inputs);
	add_descriptors(&dependencies, &facts->config);
	rc_json_open(&parameters);
	rc_json_add_text(&parameters, "name", facts->name);
	add_known_json(&parameters, "argv", facts->argv);
	rc_json_open(&inner);
	add_known(&inner, "host", facts->host);
	add_known(&inner, "user", facts->user);
	add_known_json(&inner, "tools", facts->tools);
	rc_json_open(&definition);
	rc_json_add_text(&definition, "buildType", PRODUCER "run:1");
	add_object(&definition, "externalParameters", &parameters);
	add_object(&definition, "internalParameters", &inner);
	add_list(&definition, "resolvedDependencies", &dependencies);
	rc_buf_add_text(&id, PRODUCER "host:");
	rc_buf_add_encoded(&id, facts->host == NULL ? "unknown" : facts->host);
	rc_json_open(&versions);
	rc_json_add_text(&versions, "rc", version);
	rc_json_open(&builder);
	rc_json_add_text(&builder, "id", rc_buf_text(&id));
	add_object(&builder, "version", &versions);
	rc_json_open(&metadata);
	rc_json_add_text(&metadata, "invocationId", facts->id);
	add_known(&metadata, "startedOn", facts->start);
	add_known(&metadata, "finishedOn", facts->end);
	rc_json_open(&details);
	add_object(&details, "builder", &builder);
	add_object(&details, "metadata", &metadata);
	rc_json_open(&predicate);
	add_object(&predicate, "buildDefinition", &definition);
	add_object(&predicate, "runDetails", &details);
	rc_json_open(&line);
	rc_json_add_text(&line, "_type", "https://in-toto.io/Statement/v1");
	add_list(&line, "subject", &subject);
	rc_json_add_text(&line, "predicateType", "https://slsa.dev/provenance/v1");
	add_object(&line, "predicate", &predicate);
	end_line(&line, out);
	rc_buf_free(&id);
	return NULL;
}

/* ---- OpenLineage ---- */

static void
begin_facet(struct rc_buf *facet, const char *schema)
{
	struct rc_buf url = {0};

	rc_buf_printf(&url, OPENLINEAGE "%s", schema);
	rc_json_open(facet);
	rc_json_add_text(facet, "_producer", PRODUCER "provenance");
	rc_json_add_text(facet, "_schemaURL", rc_buf_text(&url));
	rc_buf_free(&url);
}

/* The digest is a file's version. */
static void
add_datasets(struct rc_buf *out, const char *name, const struct rc_run_facts *facts, const struct rc_run_files *files)
{
	struct rc_buf list = {0}, one = {0}, facets = {0}, version = {0}, namespace = {0}, text = {0};

	rc_buf_add_text(&namespace, "file://");
	rc_buf_add_encoded(&namespace, facts->host == NULL ? "" : facts->host);
	for (size_t i = 0; i < files->count; i++) {
		text.length = 0;
		rc_buf_printf(&text, "sha256:%s", files->files[i].sha256);
		begin_facet(&version, "facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet");
		rc_json_add_text(&version, "datasetVersion", rc_buf_text(&text));
		rc_json_open(&facets);
		add_object(&facets, "version", &version);
		rc_json_open(&one);
		rc_json_add_text(&one, "namespace", rc_buf_text(&namespace));
		rc_json_add_text(&one, "name", files->files[i].name);
		add_object(&one, "facets", &facets);
		add_to_list(&list, &one);
	}
	add_list(out, name, &list);
	rc_buf_free(&namespace);
	rc_buf_free(&text);
}

static void
add_run_event(const struct rc_run_facts *facts, const char *type, const char *time, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0}, run = {0}, job = {0}, facets = {0}, engine = {0}, failure = {0}, namespace = {0};

	begin_facet(&engine, "facets/1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet");
	rc_json_add_text(&engine, "version", version);
	rc_json_add_text(&engine, "name", "rc");
	rc_json_open(&facets);
	add_object(&facets, "processing_engine", &engine);
	if (strcmp(type, "FAIL") == 0) {
		begin_facet(&failure, "facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet");
		rc_json_add_text(&failure, "message", facts->message == NULL ? "it failed" : facts->message);
		rc_json_add_text(&failure, "programmingLanguage", "bash");
		add_object(&facets, "errorMessage", &failure);
	}
	rc_json_open(&run);
	rc_json_add_text(&run, "runId", facts->id);
	add_object(&run, "facets", &facets);
	rc_buf_add_text(&namespace, "rc://");
	rc_buf_add_encoded(&namespace, facts->host == NULL ? "unknown" : facts->host);
	rc_json_open(&job);
	rc_json_add_text(&job, "namespace", rc_buf_text(&namespace));
	rc_json_add_text(&job, "name", facts->name);
	rc_json_open(&line);
	rc_json_add_text(&line, "eventType", type);
	rc_json_add_text(&line, "eventTime", time);
	add_object(&line, "run", &run);
	add_object(&line, "job", &job);
	add_datasets(&line, "inputs", facts, &facts->inputs);
	add_datasets(&line, "outputs", facts, &facts->outputs);
	rc_json_add_text(&line, "producer", PRODUCER "provenance");
	rc_json_add_text(&line, "schemaURL", OPENLINEAGE "2-0-2/OpenLineage.json#/$defs/RunEvent");
	end_line(&line, out);
	rc_buf_free(&namespace);
}

static const char *
write_openlineage(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	bool ok = facts->status != NULL && strcmp(facts->status, "ok") == 0, lost = facts->status != NULL && strcmp(facts->status, "lost") == 0;

	add_run_event(facts, "START", facts->start, version, out);
	if (facts->end != NULL)
		add_run_event(facts, ok ? "COMPLETE" : lost ? "ABORT" : "FAIL", facts->end, version, out);
	return NULL;
}

/* ---- PROV-JSON ---- */

static void
add_entities(struct rc_buf *entities, const struct rc_run_files *files, const char *kind)
{
	struct rc_buf one = {0}, id = {0};

	for (size_t i = 0; i < files->count; i++) {
		id.length = 0;
		rc_buf_printf(&id, "rc:%s%zu", kind, i + 1);
		rc_json_open(&one);
		rc_json_add_text(&one, "prov:label", files->files[i].name);
		rc_json_add_text(&one, "rc:sha256", files->files[i].sha256);
		rc_json_add_integer(&one, "rc:size", files->files[i].size);
		add_object(entities, rc_buf_text(&id), &one);
	}
	rc_buf_free(&id);
}

/* What the run used or made, one relation for each file. */
static void
add_relations(struct rc_buf *relations, const struct rc_run_files *files, const char *kind, const char *activity, const char *time)
{
	struct rc_buf one = {0}, id = {0};

	for (size_t i = 0; i < files->count; i++) {
		rc_json_open(&one);
		id.length = 0;
		rc_buf_printf(&id, "rc:%s%zu", kind, i + 1);
		rc_json_add_text(&one, "prov:entity", rc_buf_text(&id));
		rc_json_add_text(&one, "prov:activity", activity);
		add_known(&one, "prov:time", time);
		id.length = 0;
		rc_buf_printf(&id, "_:%s%zu", kind, i + 1);
		add_object(relations, rc_buf_text(&id), &one);
	}
	rc_buf_free(&id);
}

static const char *
write_prov(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0}, prefix = {0}, entities = {0}, activities = {0}, activity = {0}, agents = {0}, agent = {0}, used = {0}, generated = {0},
	    associated = {0}, one = {0}, id = {0};

	rc_buf_printf(&id, "rc:run-%s", facts->id);
	rc_buf_text(&id);
	rc_json_open(&prefix);
	rc_json_add_text(&prefix, "rc", PRODUCER);
	rc_json_open(&entities);
	add_entities(&entities, &facts->inputs, "input");
	add_entities(&entities, &facts->config, "config");
	add_entities(&entities, &facts->outputs, "output");
	rc_json_open(&activity);
	rc_json_add_text(&activity, "prov:label", facts->name);
	add_known(&activity, "prov:startTime", facts->start);
	add_known(&activity, "prov:endTime", facts->end);
	add_known(&activity, "rc:status", facts->status);
	rc_json_open(&activities);
	add_object(&activities, id.bytes, &activity);
	rc_json_open(&agent);
	rc_json_add_text(&agent, "prov:type", "prov:SoftwareAgent");
	rc_json_add_text(&agent, "prov:label", "rc");
	rc_json_add_text(&agent, "rc:version", version);
	add_known(&agent, "rc:host", facts->host);
	add_known(&agent, "rc:user", facts->user);
	rc_json_open(&agents);
	add_object(&agents, "rc:rc", &agent);
	rc_json_open(&used);
	add_relations(&used, &facts->inputs, "input", id.bytes, NULL);
	add_relations(&used, &facts->config, "config", id.bytes, NULL);
	rc_json_open(&generated);
	add_relations(&generated, &facts->outputs, "output", id.bytes, facts->end);
	rc_json_open(&one);
	rc_json_add_text(&one, "prov:activity", id.bytes);
	rc_json_add_text(&one, "prov:agent", "rc:rc");
	rc_json_open(&associated);
	add_object(&associated, "_:by", &one);
	rc_json_open(&line);
	add_object(&line, "prefix", &prefix);
	add_object(&line, "entity", &entities);
	add_object(&line, "activity", &activities);
	add_object(&line, "agent", &agents);
	add_object(&line, "used", &used);
	add_object(&line, "wasGeneratedBy", &generated);
	add_object(&line, "wasAssociatedWith", &associated);
	end_line(&line, out);
	rc_buf_free(&id);
	return NULL;
}

/* ---- STAC and DCAT ---- */

static const char *
write_stac(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0}, properties = {0}, assets = {0}, one = {0}, text = {0};

	if (facts->outputs.count == 0)
		return "a STAC item needs assets: --output names the manifest of what was made";
	rc_json_open(&properties);
	rc_json_add_text(&properties, "datetime", facts->end == NULL ? facts->start : facts->end);
	rc_json_add_text(&properties, "start_datetime", facts->start);
	rc_json_add_text(&properties, "end_datetime", facts->end == NULL ? facts->start : facts->end);
	rc_json_add_text(&properties, "title", facts->name);
	rc_json_add_text(&properties, "rc:run_id", facts->id);
	rc_json_add_text(&properties, "rc:version", version);
	rc_json_open(&assets);
	for (size_t i = 0; i < facts->outputs.count; i++) {
		const struct rc_run_file *file = &facts->outputs.files[i];

		rc_json_open(&one);
		text.length = 0;
		rc_buf_add_text(&text, "./");
		rc_buf_add_encoded(&text, file->name);
		rc_json_add_text(&one, "href", rc_buf_text(&text));
		rc_json_add_text(&one, "title", file->name);
		text.length = 0;
		rc_buf_printf(&text, "1220%s", file->sha256);	/* a multihash: SHA-256, 32 bytes */
		rc_json_add_text(&one, "file:checksum", rc_buf_text(&text));
		rc_json_add_integer(&one, "file:size", file->size);
		add_object(&assets, file->name, &one);
	}
	rc_json_open(&line);
	rc_json_add_text(&line, "type", "Feature");
	rc_json_add_text(&line, "stac_version", "1.0.0");
	rc_json_add_value(&line, "stac_extensions", "[\"https://stac-extensions.github.io/file/v2.1.0/schema.json\"]");
	rc_json_add_text(&line, "id", facts->id);
	rc_json_add_value(&line, "geometry", "null");
	add_object(&line, "properties", &properties);
	rc_json_add_value(&line, "links", "[]");
	add_object(&line, "assets", &assets);
	end_line(&line, out);
	rc_buf_free(&text);
	return NULL;
}

static const char *
write_dcat(const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	struct rc_buf line = {0}, list = {0}, one = {0}, sum = {0}, run = {0}, text = {0};

	(void)version;
	if (facts->outputs.count == 0)
		return "a DCAT dataset needs distributions: --output names the manifest of what was made";
	for (size_t i = 0; i < facts->outputs.count; i++) {
		const struct rc_run_file *file = &facts->outputs.files[i];

		rc_json_open(&sum);
		rc_json_add_text(&sum, "@type", "spdx:Checksum");
		rc_json_add_value(&sum, "spdx:algorithm", "{\"@id\":\"spdx:checksumAlgorithm_sha256\"}");
		rc_json_add_text(&sum, "spdx:checksumValue", file->sha256);
		rc_json_open(&one);
		rc_json_add_text(&one, "@type", "dcat:Distribution");
		rc_json_add_text(&one, "dct:title", file->name);
		rc_json_add_integer(&one, "dcat:byteSize", file->size);
		add_object(&one, "spdx:checksum", &sum);
		add_to_list(&list, &one);
	}
	rc_buf_printf(&text, "urn:uuid:%s", facts->id);
	rc_json_open(&run);
	rc_json_add_text(&run, "@id", rc_buf_text(&text));
	rc_json_add_text(&run, "@type", "prov:Activity");
	add_known(&run, "prov:startedAtTime", facts->start);
	add_known(&run, "prov:endedAtTime", facts->end);
	rc_buf_add_text(&text, "#dataset");
	rc_json_open(&line);
	rc_json_add_value(&line, "@context", "{\"dcat\":\"http://www.w3.org/ns/dcat#\",\"dct\":\"http://purl.org/dc/terms/\","
	    "\"prov\":\"http://www.w3.org/ns/prov#\",\"spdx\":\"http://spdx.org/rdf/terms#\"}");
	rc_json_add_text(&line, "@id", rc_buf_text(&text));
	rc_json_add_text(&line, "@type", "dcat:Dataset");
	rc_json_add_text(&line, "dct:title", facts->name);
	rc_json_add_text(&line, "dct:identifier", facts->id);
	rc_json_add_text(&line, "dct:issued", facts->end == NULL ? facts->start : facts->end);
	add_list(&line, "dcat:distribution", &list);
	add_object(&line, "prov:wasGeneratedBy", &run);
	end_line(&line, out);
	rc_buf_free(&text);
	return NULL;
}

const char *
rc_provenance_write(enum rc_provenance_form form, const struct rc_run_facts *facts, const char *version, struct rc_buf *out)
{
	switch (form) {
	case RC_PROVENANCE_RUN: return write_run(facts, version, out);
	case RC_PROVENANCE_IN_TOTO: return write_in_toto(facts, version, out);
	case RC_PROVENANCE_OPENLINEAGE: return write_openlineage(facts, version, out);
	case RC_PROVENANCE_PROV: return write_prov(facts, version, out);
	case RC_PROVENANCE_STAC: return write_stac(facts, version, out);
	case RC_PROVENANCE_DCAT: return write_dcat(facts, version, out);
	}
	return NULL;
}
