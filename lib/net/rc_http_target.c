/*
 * rc_http_target - which server records are sent to, and how patiently: the options that filters share
 */
/* needs: curl/curl.h libcurl4-openssl-dev */
#include "rc_http_target.h"

#include <limits.h>
#include <string.h>

#include "rc_err.h"
#include "rc_http_url.h"

void
rc_http_target_begin(struct rc_http_target *target)
{
	*target = (struct rc_http_target){ .path = "", .batch = 1000, .bytes = 5000000,
	    .sender = { .content_type = "application/json", .jobs = 4, .connect_limit = 10000, .limit = 120000, .pause = 200,
	        .pause_max = 10000, .patience = 300000 } };
}

void
rc_http_find_secret(const char *option, const char *name, struct rc_secret *secret)
{
	if (!rc_secret_find_line(name, secret))
		rc_usage("--%s: the secret %s is not set", option, name);
	if (memchr(secret->bytes, '\r', secret->length) != NULL || memchr(secret->bytes, '\n', secret->length) != NULL)
		rc_die(RC_FATAL, "%s has more than one line", name);
}

bool
rc_http_target_option(struct rc_http_target *target, int opt)
{
	switch (opt) {
	case RC_HTTP_URL: target->url = optarg; return true;
	case RC_HTTP_URL_OF: rc_http_find_secret("url-of", optarg, &target->url_secret); return true;
	case RC_HTTP_PATH: target->path = optarg; return true;
	case RC_HTTP_JOBS: target->sender.jobs = rc_opt_long("jobs", optarg, 1, RC_HTTP_JOBS_MAX); return true;
	case RC_HTTP_BATCH: target->batch = rc_opt_long("batch", optarg, 1, 1000000); return true;
	case RC_HTTP_BYTES: target->bytes = rc_opt_long("batch-bytes", optarg, 1, 1000000000); return true;
	case RC_HTTP_CONNECT: target->sender.connect_limit = rc_opt_duration("connect-timeout", optarg); return true;
	case RC_HTTP_TIMEOUT: target->sender.limit = rc_opt_duration("timeout", optarg); return true;
	case RC_HTTP_PATIENCE: target->sender.patience = rc_opt_duration("patience", optarg); return true;
	case RC_HTTP_PAUSE: target->sender.pause = rc_opt_duration("pause", optarg); return true;
	case RC_HTTP_CACERT: target->sender.ca_file = optarg; return true;
	case RC_HTTP_TOKEN: rc_http_find_secret("token", optarg, &target->token); return true;
	case RC_HTTP_TOKEN_HEADER: target->sender.token_header = optarg; return true;
	default: return false;
	}
}

void
rc_http_target_open(struct rc_http_target *target)
{
	const char *url = target->url;
	size_t length;
	char *normal;

	if ((url == NULL) == (target->url_secret.length == 0))
		rc_usage("one of --url and --url-of must be given");
	if (url == NULL)
		url = target->url_secret.bytes;
	length = strlen(url);
	while (length > 0 && url[length - 1] == '/' && target->path[0] == '/')
		length--;
	rc_buf_reserve(&target->address, RC_WIPED_ROOM);
	rc_buf_add(&target->address, url, length);
	rc_buf_add_text(&target->address, target->path);
	normal = rc_http_normal(rc_buf_text(&target->address));
	if (normal == NULL || (!rc_str_begins(normal, "http://") && !rc_str_begins(normal, "https://")))
		rc_die(RC_FATAL, "the address is no URL of HTTP");
	curl_free(normal);
	if (target->sender.token_header != NULL && target->token.length == 0)
		rc_usage("--token-header needs --token");
	if (target->sender.limit > target->sender.patience)	/* one that hangs is not waited for any longer */
		target->sender.limit = target->sender.patience;
	target->sender.url = target->address.bytes;
	target->sender.token = &target->token;
	rc_http_sender_open(&target->sender);
}

static void
send_parcel(struct rc_http_sender *sender, struct rc_http_parcel *parcel, const struct rc_http_filling *filling)
{
	if (filling->end != NULL)
		filling->end(sender->context, parcel);
	rc_http_sender_send(sender);
}

void
rc_http_target_send(struct rc_http_target *target, struct rc_input *in, const struct rc_http_filling *filling)
{
	struct rc_http_sender *sender = &target->sender;
	struct rc_http_parcel *parcel = NULL;
	struct rc_record record = {0};

	for (;;) {
		unsigned long long count;

		while (rc_http_sender_busy(sender) && !rc_input_ready(in))
			rc_http_sender_turn(sender, in->fd);
		if (!rc_input_next(in, &record))
			break;
		if (parcel == NULL) {
			parcel = rc_http_sender_parcel(sender);
			filling->begin(sender->context, parcel);
		}
		count = filling->add(sender->context, parcel, &record);
		if (count >= (unsigned long long)target->batch || parcel->body.length >= (size_t)target->bytes) {
			send_parcel(sender, parcel, filling);
			parcel = NULL;
		}
	}
	if (parcel != NULL)
		send_parcel(sender, parcel, filling);
	rc_http_sender_finish(sender);
	rc_record_free(&record);
}

void
rc_http_target_close(struct rc_http_target *target, void (*release)(void *own))
{
	rc_http_sender_close(&target->sender, release);
	rc_buf_wipe(&target->address);
	rc_secret_wipe(&target->url_secret);
	rc_secret_wipe(&target->token);
}
