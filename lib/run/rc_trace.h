/*
 * rc_trace - the trace that a run is a part of (W3C Trace Context)
 */
#ifndef RC_TRACE_H
#define RC_TRACE_H

/*
 * Sets TRACEPARENT for what the run starts: the trace of our caller, or where
 * there is none one of our run id (rc_event.h), and a new span.
 */
void rc_trace_begin(void);

#endif
