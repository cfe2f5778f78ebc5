// SPDX-License-Identifier: MIT
#version 450
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_vote : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#extension GL_KHR_shader_subgroup_ballot : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_shuffle_relative : require
#extension GL_KHR_shader_subgroup_clustered : require
#extension GL_KHR_shader_subgroup_quad : require
// All kinds of subgroup operations; a row of 32 words for each invocation.
layout(local_size_x = 64) in;
layout(binding = 0, std430) readonly buffer Input { uint words[]; } source;
layout(binding = 1, std430) writeonly buffer Output { uint words[]; } target;
uint at;

void put(uint x)
{
   target.words[at++] = x;
}

void votes_and_ballots(uint x)
{
   put(uint(subgroupAll(x > 5)) + 2 * uint(subgroupAny((x & 63) == 0)) + 4 * uint(subgroupAllEqual(x & 1)));
   uvec4 ballot = subgroupBallot((x & 4) != 0);
   put(ballot.x);
   put(subgroupBallotBitCount(ballot) + 100 * subgroupBallotInclusiveBitCount(ballot) +
       10000 * subgroupBallotExclusiveBitCount(ballot));
   put(subgroupBallotFindLSB(ballot) * 100 + subgroupBallotFindMSB(ballot));
   put(uint(subgroupInverseBallot(ballot)) + 2 * uint(subgroupBallotBitExtract(ballot, 3)));
   put(subgroupBroadcast(x, 2) ^ subgroupBroadcastFirst(x));
   put(gl_SubgroupEqMask.x ^ gl_SubgroupGeMask.x ^ gl_SubgroupLtMask.x);
}

void arithmetic(uint x)
{
   put(subgroupAdd(x));
   put(subgroupMul(x | 1));
   put(subgroupMin(x) ^ subgroupMax(x));
   put(subgroupAnd(x | 0xf0f0));
   put(subgroupOr(x & 0xff) ^ subgroupXor(x));
   put(subgroupInclusiveAdd(x));
   put(subgroupExclusiveAdd(x));
   put(subgroupInclusiveMax(x) ^ subgroupExclusiveMin(x));
   put(subgroupInclusiveXor(x) ^ subgroupExclusiveOr(x & 0x1111));
   put(floatBitsToUint(subgroupAdd(float(x & 0xff))));
   put(uint(subgroupMin(int(x))) ^ uint(subgroupMax(int(x))));
   put(subgroupClusteredAdd(x, 4));
   put(subgroupClusteredMax(x, 2) ^ subgroupClusteredXor(x, 4));
}

void movement(uint x)
{
   uint last = gl_SubgroupSize - 1, i = gl_SubgroupInvocationID;
   put(subgroupShuffle(x, last - i));
   put(subgroupShuffleXor(x, 1));
   uint up = subgroupShuffleUp(x, 1), down = subgroupShuffleDown(x, 2);
   put((i >= 1 ? up : 0) ^ (i + 2 <= last ? down : 0));
   put(subgroupQuadBroadcast(x, 3));
   put(subgroupQuadSwapHorizontal(x) ^ subgroupQuadSwapVertical(x));
   put(subgroupQuadSwapDiagonal(x));
}

void main()
{
   uint i = gl_GlobalInvocationID.x, x = source.words[i];
   at = i * 32;
   put(gl_SubgroupSize + 1000 * gl_NumSubgroups + 1000000 * gl_SubgroupInvocationID);
   put(gl_SubgroupID * 2 + uint(subgroupElect()));
   votes_and_ballots(x);
   arithmetic(x);
   movement(x);
   if ((x & 2) != 0) // the same where only some take part
      put(subgroupAdd(x) ^ subgroupBallot(true).x);
}
