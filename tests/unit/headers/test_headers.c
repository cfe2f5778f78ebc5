// SPDX-License-Identifier: MIT
//
// Links what was compiled from every public header, as C and as C++, into one program.
#define EACH_HEADER(X) X(info) X(renderer) X(server)

#define DECLARE(name) \
   int header_##name##_c(void); \
   int header_##name##_cpp(void);
EACH_HEADER(DECLARE)

#define COUNT(name) +header_##name##_c() + header_##name##_cpp()

int main(void)
{
   return EACH_HEADER(COUNT) == 6 ? 0 : 1;
}
