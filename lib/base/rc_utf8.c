#include "rc_utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

size_t
rc_utf8_sequence(const char *text, const char *end)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = (size_t)(end - text);
	unsigned char low = 0x80, high = 0xbf;	/* bounds of the second byte */
	size_t length;

	if (left == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		length = 2;
	else if ((p[0] & 0xf0) == 0xe0)
		length = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		length = 4;
	else
		return 0;
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;	/* shorter forms */
	case 0xed: high = 0x9f; break;	/* surrogates */
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;	/* past U+10FFFF */
	}
	if (left < length || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

size_t
rc_utf8_visible(const char *text, size_t length, char *out, size_t size)
{
	const char *end = text + length;
	size_t used = 0;

	while (text < end && size - used > 6) {
		size_t step = rc_utf8_sequence(text, end);
		const unsigned char *p = (const unsigned char *)text;

		if (step == 0) {
			memcpy(out + used, "\xef\xbf\xbd", 3);
			used += 3;
			step = 1;
		} else if (p[0] < 0x20 || p[0] == 0x7f) {
			used += (size_t)snprintf(out + used, 7, "\\u%04x", p[0]);
		} else if (p[0] == 0xc2 && p[1] < 0xa0) {
			used += (size_t)snprintf(out + used, 7, "\\u%04x", p[1]);
		} else {
			memcpy(out + used, text, step);
			used += step;
		}
		text += step;
	}
	out[used] = '\0';
	return used;
}

bool
rc_utf8_valid(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		size_t step = rc_utf8_sequence(bytes, end);

		if (step == 0)
			return false;
		bytes += step;
	}
	return true;
}

/* ---- many bytes at once ---- */

/* Eight bytes that are ASCII at a time; portable. */
static bool
valid_by_words(const char *bytes, size_t length)
{
	const char *end = bytes + length;

	while (bytes < end) {
		uint64_t word;
		size_t step;

		memcpy(&word, bytes, sizeof word);	/* reads into the padding at most */
		if ((word & UINT64_C(0x8080808080808080)) == 0) {
			bytes += sizeof word;
			continue;
		}
		if ((step = rc_utf8_sequence(bytes, end)) == 0)
			return false;
		bytes += step;
	}
	return true;
}

#ifdef __x86_64__
/*
 * Each pair of neighbours is classified by three table look-ups, of the first
 * byte's high and low half and the second's high half; a bit that all three
 * have is an error.  What is not seen in pairs, the third and fourth byte of a
 * sequence, is compared with "two continuations", which is an error elsewhere.
 * (Keiser and Lemire, Validating UTF-8 In Less Than One Instruction Per Byte, 2021.)
 */
enum {
	TOO_SHORT = 1 << 0,	/* a lead byte without its continuation */
	TOO_LONG = 1 << 1,	/* a continuation after ASCII */
	OVERLONG_3 = 1 << 2,
	TOO_LARGE = 1 << 3,	/* past U+10FFFF */
	SURROGATE = 1 << 4,
	OVERLONG_2 = 1 << 5,
	TOO_LARGE_1000 = 1 << 6, OVERLONG_4 = 1 << 6,
	TWO_CONTINUATIONS = 1 << 7,
	ANY_LOW = TOO_SHORT | TOO_LONG | TWO_CONTINUATIONS,	/* what the first byte's low half says nothing of */
	LARGE = ANY_LOW | TOO_LARGE | TOO_LARGE_1000,
};

static const uint8_t first_high[16] = {
	TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
	TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS, TWO_CONTINUATIONS,
	TOO_SHORT | OVERLONG_2, TOO_SHORT, TOO_SHORT | OVERLONG_3 | SURROGATE,
	TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4,
};

static const uint8_t first_low[16] = {
	ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, ANY_LOW | OVERLONG_2, ANY_LOW, ANY_LOW, ANY_LOW | TOO_LARGE,
	LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE, LARGE | SURROGATE, LARGE, LARGE,
};

static const uint8_t second_high[16] = {
	TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
	TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE_1000 | OVERLONG_4,
	TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | OVERLONG_3 | TOO_LARGE,
	TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
	TOO_LONG | OVERLONG_2 | TWO_CONTINUATIONS | SURROGATE | TOO_LARGE,
	TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
};

/* 32 bytes of which the first N are 0xff, at keep + 32 - N. */
static const uint8_t keep[64] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

__attribute__((target("avx2"))) static inline __m256i
look_up(const uint8_t *table, __m256i indexes)
{
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table)), indexes);
}

/* Not zero in a byte where BYTES, which follow BEFORE, are not UTF-8. */
__attribute__((target("avx2"))) static inline __m256i
errors_in(__m256i bytes, __m256i before)
{
	const __m256i nibble = _mm256_set1_epi8(15);
	__m256i joint = _mm256_permute2x128_si256(before, bytes, 0x21);
	__m256i one = _mm256_alignr_epi8(bytes, joint, 15), two = _mm256_alignr_epi8(bytes, joint, 14),
	    three = _mm256_alignr_epi8(bytes, joint, 13);
	__m256i pairs = _mm256_and_si256(look_up(first_high, _mm256_and_si256(_mm256_srli_epi16(one, 4), nibble)),
	    _mm256_and_si256(look_up(first_low, _mm256_and_si256(one, nibble)),
	    look_up(second_high, _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble))));
	/* The top bit where the byte must be the third or fourth of a sequence. */
	__m256i later = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80)),
	    _mm256_subs_epu8(three, _mm256_set1_epi8((char)(0xf0 - 0x80))));

	return _mm256_xor_si256(_mm256_and_si256(later, _mm256_set1_epi8((char)0x80)), pairs);
}

__attribute__((target("avx2"))) static bool
valid_by_avx2(const char *bytes, size_t length)
{
	__m256i errors = _mm256_setzero_si256(), before = errors;
	bool ascii = true;	/* of the block before */

	for (size_t i = 0; i <= length; i += 32) {	/* at a length of whole blocks once more, for what is cut off there */
		__m256i block = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i));

		if (length - i < 32)
			block = _mm256_and_si256(block, _mm256_loadu_si256((const __m256i *)(const void *)(keep + 32 - (length - i))));
		if (!ascii || _mm256_movemask_epi8(block) != 0) {
			errors = _mm256_or_si256(errors, errors_in(block, before));
			ascii = _mm256_movemask_epi8(block) == 0;
		}
		before = block;
	}
	return _mm256_testz_si256(errors, errors) != 0;
}
#endif

bool
rc_utf8_valid_padded(const char *bytes, size_t length)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx2"))
		return valid_by_avx2(bytes, length);
#endif
	return valid_by_words(bytes, length);
}
