/*
 * rc_row_wire - numbers of COPY binary: the highest byte first
 */
#ifndef RC_ROW_WIRE_H
#define RC_ROW_WIRE_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ && __BYTE_ORDER__ != __ORDER_BIG_ENDIAN__
#error "a byte order that is neither little nor big"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define RC_WIRE_SWAP(bits, value) __builtin_bswap##bits(value)
#else
#define RC_WIRE_SWAP(bits, value) (value)
#endif

/* Reads the number of 16, 32 or 64 bits at FROM. */
static inline uint16_t
rc_get16(const char *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof value);
	return RC_WIRE_SWAP(16, value);
}

static inline uint32_t
rc_get32(const char *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof value);
	return RC_WIRE_SWAP(32, value);
}

static inline uint64_t
rc_get64(const char *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof value);
	return RC_WIRE_SWAP(64, value);
}

/* Writes VALUE to TO; of rc_put16() the lower 16 bits. */
static inline void
rc_put16(char *to, unsigned value)
{
	to[0] = (char)(value >> 8);
	to[1] = (char)value;
}

static inline void
rc_put32(char *to, uint32_t value)
{
	value = RC_WIRE_SWAP(32, value);
	memcpy(to, &value, sizeof value);
}

static inline void
rc_put64(char *to, uint64_t value)
{
	value = RC_WIRE_SWAP(64, value);
	memcpy(to, &value, sizeof value);
}

#endif
