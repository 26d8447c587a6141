#pragma once

#include <string>
#include <string_view>

#include "engine/table/frame.h"

namespace impact {

/// The frame as bytes, exactly: the bits of doubles (payloads of NaN, the sign of zero), missing
/// cells, all seven types, the levels of categories. Equal frames give equal bytes, on every
/// machine; text that stands in a missing cell is not kept. Little-endian:
///
///     "IMPFRAME"  u32 version (1)  u32 columns  u64 rows, then for each column
///     u32 size and bytes of the name   u8 type (in the order of TypeKind)
///     category only: u32 count of levels, each as u32 size and bytes
///     u8 1 if cells are missing, then (rows + 63) / 64 words u64, one bit a row, 1 = present
///     boolean rows x u8 (0, 1) · integer, timestamp rows x i64 · number rows x f64
///     date, category rows x i32 · text (rows + 1) x u64 offsets, then the bytes
[[nodiscard]] std::string encode_frame(const Frame& frame);

/// Inverse of encode_frame. Throws DataError on anything that encode_frame does not write (cut
/// off, too long, another version, a code without a level, text that is not UTF-8), so that what is
/// read back always encodes to the same bytes. Never reads outside `bytes`, and never asks for more
/// memory than a small multiple of their size.
[[nodiscard]] Frame decode_frame(std::string_view bytes);

}  // namespace impact
