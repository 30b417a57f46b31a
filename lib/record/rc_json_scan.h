/*
 * rc_json_scan - the loops over single bytes of JSON, sixteen at a time where the processor can
 *
 * For the readers (rc_json, rc_json_shape).  None looks for the end: the text
 * is padded as rc_json.h says.
 */
#ifndef RC_JSON_SCAN_H
#define RC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* The first byte from P on that is a quote, a backslash or a control character. */
static inline const char *
rc_json_skip_plain(const char *p)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), last_control = _mm_set1_epi8(0x1f);

	for (;; p += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)p);
		__m128i special = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes),
		    _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(special);

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#else
	while (*p != '"' && *p != '\\' && (unsigned char)*p >= ' ')
		p++;
	return p;
#endif
}

/* The first byte from P on that is no digit. */
static inline const char *
rc_json_skip_digits(const char *p)
{
#ifdef __SSE2__
	const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);

	for (;; p += 16) {
		__m128i digits = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)p), zero);
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(digits, nine), digits)) ^ 0xffff;

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
#else
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
#endif
}

/* Whether both begin with the same LENGTH bytes; B has no newline and no NUL in them, so that the end of A's text differs. */
static inline bool
rc_json_begins_with(const char *a, const char *b, size_t length)
{
#ifdef __SSE2__
	for (;; a += 16, b += 16, length -= 16) {
		__m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a), _mm_loadu_si128((const __m128i *)(const void *)b));
		unsigned mask = (unsigned)_mm_movemask_epi8(same) ^ 0xffff;

		if (length <= 16)
			return (mask & ((1u << length) - 1)) == 0;
		if (mask != 0)
			return false;
	}
#else
	return strncmp(a, b, length) == 0;
#endif
}

#endif
