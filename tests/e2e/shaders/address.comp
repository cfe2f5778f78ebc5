// SPDX-License-Identifier: MIT
#version 450
#extension GL_EXT_buffer_reference : require
// Walks a list linked by device addresses.
layout(local_size_x = 1) in;
layout(buffer_reference) buffer Node;
layout(buffer_reference, std430, buffer_reference_align = 16) buffer Node { Node next; uint value; uint hops; };
layout(push_constant) uniform Push { Node head; uint hops; uint salt; } push;

void main()
{
   Node node = push.head;
   uint sum = push.salt;
   for (uint i = 0; i < push.hops; i++) {
      sum = sum * 31 + node.value;
      node.hops += i + 1;
      node.value = sum;
      node = node.next;
   }
}
