// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_shader_explicit_arithmetic_types : require
// Specialisation constants of 64, 16 and 8 bits.
layout(local_size_x = 1) in;
layout(constant_id = 0) const double REAL = 1.5;
layout(constant_id = 1) const int64_t NUMBER = -1l;
layout(constant_id = 2) const uint64_t WORD = 2ul;
layout(constant_id = 3) const int16_t SHORT = 3s;
layout(constant_id = 4) const uint16_t USHORT = 4us;
layout(constant_id = 5) const float16_t HALF = 0.5hf;
layout(constant_id = 6) const int8_t BYTE = int8_t(5);
layout(constant_id = 7) const uint8_t UBYTE = uint8_t(6);
layout(binding = 0, std430) writeonly buffer Output { double real; int64_t number; uint64_t word; ivec2 shorts;
                                                      float half_real; ivec2 bytes; } target;

void main()
{
   target.real = REAL * 3.0LF;
   target.number = NUMBER * 3l;
   target.word = WORD + 0x100000000ul;
   target.shorts = ivec2(SHORT, USHORT);
   target.half_real = float(HALF * 2.0hf);
   target.bytes = ivec2(BYTE, UBYTE);
}
