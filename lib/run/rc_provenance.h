/*
 * rc_provenance - the facts of a run in the forms that others read
 *
 * Each form is one JSON document on one line; OpenLineage has two, the run's
 * start and its end.  What is not known is left out.
 */
#ifndef RC_PROVENANCE_H
#define RC_PROVENANCE_H

#include "rc_run_facts.h"
#include "rc_str.h"

enum rc_provenance_form {
	RC_PROVENANCE_RUN,		/* our own: a run manifest */
	RC_PROVENANCE_IN_TOTO,		/* in-toto Statement v1 with SLSA provenance v1 */
	RC_PROVENANCE_OPENLINEAGE,	/* OpenLineage RunEvents, 2-0-2 */
	RC_PROVENANCE_PROV,		/* W3C PROV-JSON */
	RC_PROVENANCE_STAC,		/* STAC Item 1.0.0 */
	RC_PROVENANCE_DCAT,		/* DCAT Dataset, as JSON-LD */
};

/* The names that users give the forms, in their order, ended by NULL; and the media type that an envelope calls each. */
extern const char *const rc_provenance_names[];
const char *rc_provenance_media_type(enum rc_provenance_form form);

/*
 * Adds the document's lines, each ended by a newline.  VERSION is that of rc.
 * NULL, or why the facts do not make one, a static text.
 */
const char *rc_provenance_write(enum rc_provenance_form form, const struct rc_run_facts *facts, const char *version, struct rc_buf *out);

#endif
