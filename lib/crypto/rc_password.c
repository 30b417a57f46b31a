#include "rc_password.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "rc_password_argon2.h"
#include "rc_password_pbkdf2.h"
#include "rc_password_scrypt.h"

/* The first is what new hashes are made with where nothing else is said. */
static const struct rc_password_scheme *const schemes[] = { &rc_password_pbkdf2, &rc_password_argon2, &rc_password_scrypt };

static const struct rc_password_scheme *
scheme_of(const struct rc_password_policy *policy)
{
	return policy->scheme == NULL ? schemes[0] : policy->scheme;
}

const struct rc_password_scheme *
rc_password_scheme(const char *name)
{
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strcmp(schemes[i]->name, name) == 0)
			return schemes[i];
	return NULL;
}

const char *
rc_password_missing(const struct rc_password_scheme *scheme)
{
	return scheme->make == NULL ? scheme->package : NULL;
}

int
rc_password_threads(const struct rc_password_scheme *scheme)
{
	return scheme->threads;
}

bool
rc_password_django(const char *version, struct rc_password_policy *policy)
{
	static const struct {
		const char *version;
		long iterations;
	} versions[] = { { "5.1", 870000 }, { "5.2", 1000000 }, { "6.0", 1200000 } };
	long fixed = scheme_of(policy)->iterations;

	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		if (strcmp(version, versions[i].version) == 0) {
			policy->iterations = fixed == 0 ? versions[i].iterations : fixed;
			return true;
		}
	return false;
}

bool
rc_password_iterations_fit(const struct rc_password_policy *policy)
{
	const struct rc_password_scheme *scheme = scheme_of(policy);

	if (scheme->iterations_fit != NULL)
		return scheme->iterations_fit(policy->iterations);
	return policy->iterations >= 1 && policy->iterations <= RC_PASSWORD_ITERATIONS_MAX;
}

bool
rc_password_make(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *salt, char *hash)
{
	return scheme_of(policy)->make(policy, password, length, salt, hash);
}

enum rc_password_answer
rc_password_check(const struct rc_password_policy *policy,
    const char *password, size_t length, const char *hash)
{
	size_t name_length = strcspn(hash, "$");
	enum rc_password_answer answer = RC_PASSWORD_UNKNOWN;

	if (hash[0] == '\0' || hash[0] == '!')
		return RC_PASSWORD_UNUSABLE;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		const struct rc_password_scheme *scheme = schemes[i];

		if (strlen(scheme->begins) != name_length || memcmp(scheme->begins, hash, name_length) != 0 ||
		    hash[name_length] != '$' || scheme->check == NULL)
			continue;
		answer = scheme->check(policy, password, length, hash + name_length + 1);
		if (answer == RC_PASSWORD_OK && scheme != scheme_of(policy))
			answer = RC_PASSWORD_NEEDS_REHASH;
	}
	return answer;
}

void
rc_password_reason(char *text, size_t size)
{
	const char *argon2_reason = rc_password_argon2_reason();
	const char *reason = ERR_reason_error_string(ERR_peek_error());	/* the oldest is the cause of the others */

	if (argon2_reason != NULL)
		snprintf(text, size, "libargon2 cannot compute a hash: %s", argon2_reason);
	else
		snprintf(text, size, "OpenSSL cannot compute a hash: %s", reason == NULL ? "no reason given" : reason);
	ERR_clear_error();
}
