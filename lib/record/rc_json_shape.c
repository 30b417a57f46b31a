#include "rc_json_shape.h"

#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "rc_json_scan.h"

enum {
	PIECES_MAX = 512,
	BYTES_MAX = 64 * 1024,
	MISSES_MAX = 16,	/* where so many looked otherwise, */
	REST = 64,		/* so many are not compared */
};

static void
add_piece(struct rc_json_shape *shape, const char *from, const char *to)
{
	if (shape->count == shape->room) {
		shape->room = shape->room == 0 ? 16 : rc_size_mul(shape->room, 2);
		shape->pieces = rc_realloc(shape->pieces, rc_size_mul(shape->room, sizeof *shape->pieces));
	}
	shape->pieces[shape->count++] = (struct rc_json_piece){ (uint32_t)shape->text.length, (uint32_t)(to - from) };
	rc_buf_add(&shape->text, from, (size_t)(to - from));
}

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	return p;
}

/* Notes the pieces of the object at P; false where there are too many, or none, or one has a newline. */
static bool
take_apart(struct rc_json_shape *shape, const char *p, const char *end)
{
	const char *piece = p;

	do {
		if (*(p = skip_blanks(p + 1)) == '}')	/* an empty object */
			return false;
		p = rc_json_nested_value_end(p, end, 2, true);	/* the name */
		p = skip_blanks(skip_blanks(p) + 1);
		if (memchr(piece, '\n', (size_t)(p - piece)) != NULL || shape->count == PIECES_MAX ||
		    shape->text.length + (size_t)(p - piece) > BYTES_MAX)
			return false;
		add_piece(shape, piece, p);
		piece = rc_json_nested_value_end(p, end, 2, true);
		p = skip_blanks(piece);
	} while (*p == ',');
	if (memchr(piece, '\n', (size_t)(p - piece)) != NULL)
		return false;
	add_piece(shape, piece, p + 1);
	return true;
}

void
rc_json_shape_learn(struct rc_json_shape *shape, const char *object, const char *end)
{
	if (shape->rest > 0)
		return;
	shape->text.length = shape->count = 0;
	if (!take_apart(shape, object, end))
		shape->count = 0;
	memset(rc_buf_reserve(&shape->text, 16), 0, 16);	/* rc_json_begins_with() reads that far */
}

/* ---- values ---- */

/*
 * SKIP is rc_json_skip_plain(), or one that does the same for the processor that
 * it is.
 */

/* The end of the array at P where it has only plain strings and no blanks, as lists of labels are; else NULL. */
static inline __attribute__((always_inline)) const char *
pass_strings(const char *p, const char *skip(const char *))
{
	do {
		if (*++p != '"')
			return NULL;
		p = skip(p + 1);
		if (*p++ != '"')
			return NULL;
	} while (*p == ',');
	return *p == ']' ? p + 1 : NULL;
}

/* The end of the value at P, of one line; else NULL. */
static inline __attribute__((always_inline)) const char *
pass_value(const char *p, const char *end, const char *skip(const char *))
{
	const char *stop;

	if (*p == '"') {
		stop = skip(p + 1);
		if (*stop == '"')
			return stop + 1;
	} else if (*p >= '1' && *p <= '9') {
		stop = rc_json_skip_digits(p);
		if (*stop == ',' || *stop == '}')
			return stop;
	} else if (*p == '[' && (stop = pass_strings(p, skip)) != NULL) {
		return stop;
	}
	stop = rc_json_nested_value_end(p, end, 2, true);
	if (stop != NULL && (*p == '{' || *p == '[') && memchr(p, '\n', (size_t)(stop - p)) != NULL)
		return NULL;
	return stop;
}

/* The same as rc_json_shape_end() where there is a shape. */
static inline __attribute__((always_inline)) const char *
compare(const struct rc_json_shape *shape, const char *p, const char *end, const char *skip(const char *))
{
	const struct rc_json_piece *piece = shape->pieces, *last = piece + shape->count - 1;
	const char *text = shape->text.bytes;

	for (; piece < last; piece++) {
		if (!rc_json_begins_with(p, text + piece->start, piece->length))
			return NULL;
		if ((p = pass_value(p + piece->length, end, skip)) == NULL)
			return NULL;
	}
	return rc_json_begins_with(p, text + last->start, last->length) ? p + last->length : NULL;
}

static const char *
compare_anywhere(const struct rc_json_shape *shape, const char *p, const char *end)
{
	return compare(shape, p, end, rc_json_skip_plain);
}

#ifdef __x86_64__
/* 32 bytes at a time: most strings end in the first step, which the processor then foresees. */
__attribute__((target("avx2"))) static inline const char *
skip_plain_by_avx2(const char *p)
{
	const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\'), last_control = _mm256_set1_epi8(0x1f);

	for (;; p += 32) {
		__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)p);
		__m256i special = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(bytes, last_control), bytes),
		    _mm256_or_si256(_mm256_cmpeq_epi8(bytes, quote), _mm256_cmpeq_epi8(bytes, backslash)));
		unsigned mask = (unsigned)_mm256_movemask_epi8(special);

		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
}

__attribute__((target("avx2,bmi"))) static const char *
compare_by_avx2(const struct rc_json_shape *shape, const char *p, const char *end)
{
	return compare(shape, p, end, skip_plain_by_avx2);
}
#endif

static const char *
compare_at_best(const struct rc_json_shape *shape, const char *p, const char *end)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"))
		return compare_by_avx2(shape, p, end);
#endif
	return compare_anywhere(shape, p, end);
}

/* ---- the whole ---- */

const char *
rc_json_shape_end(struct rc_json_shape *shape, const char *text, const char *end)
{
	const char *after;

	if (shape->rest > 0) {
		shape->rest--;
		return NULL;
	}
	if (shape->count == 0)
		return NULL;
	after = compare_at_best(shape, text, end);
	shape->misses = after == NULL ? shape->misses + 1 : 0;
	if (shape->misses >= MISSES_MAX) {
		shape->misses = 0;
		shape->rest = REST;
	}
	return after;
}

void
rc_json_shape_free(struct rc_json_shape *shape)
{
	rc_buf_free(&shape->text);
	free(shape->pieces);
	*shape = (struct rc_json_shape){0};
}
