// SPDX-License-Identifier: MIT
//
// OpenGL without a window, drawn into framebuffer objects and read back. What it is drawn by is chosen by the
// environment: mostly Zink on some Vulkan driver, which run.py compares with the same Zink on the host's. SHOW_GL names
// another, which it then must be.
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <math.h>
#include <stdlib.h>
#define GL_GLEXT_PROTOTYPES
#include <GL/glcorearb.h>

#include "harness.h"

#define SIZE      192
#define TEXTURE   64
#define INSTANCES 40

struct canvas {
   GLuint framebuffer, color, depth;
};

static struct gpu output; // only its result file

static void check_gl(const char *what)
{
   GLenum error = glGetError();
   if (error)
      fail("%s: GL error %#x", what, error);
}

static void *checked_display(void)
{
   PFNEGLGETPLATFORMDISPLAYEXTPROC get_display =
       (PFNEGLGETPLATFORMDISPLAYEXTPROC)eglGetProcAddress("eglGetPlatformDisplayEXT");
   EGLDisplay display = get_display ? get_display(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL) : NULL;
   if (!display || !eglInitialize(display, NULL, NULL))
      skip("EGL has no surfaceless platform");
   return display;
}

static EGLContext open_context(EGLDisplay display)
{
   static const EGLint config_wanted[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, EGL_PBUFFER_BIT,
                                          EGL_NONE};
   static const EGLint wanted[] = {
      EGL_CONTEXT_MAJOR_VERSION,           4,       EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
      EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
   EGLConfig config;
   EGLint count = 0;
   if (!eglBindAPI(EGL_OPENGL_API) || !eglChooseConfig(display, config_wanted, &config, 1, &count) || !count)
      skip("EGL has no OpenGL");
   EGLContext context = eglCreateContext(display, config, EGL_NO_CONTEXT, wanted);
   if (!context || !eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
      skip("no OpenGL 4.3");
   return context;
}

// As the harness does for Vulkan devices. What is not the renderer meant is no use here.
static void print_device(void)
{
   const char *name = (const char *)glGetString(GL_RENDERER), *meant = getenv("SHOW_GL");
   meant = meant ? meant : "zink";
   bool right = !strncmp(name, meant, strlen(meant));
   fprintf(stderr, "device: %s\ndriver: %s\napi: %s\nextensions: 0\n", name, right ? meant : "other",
           glGetString(GL_VERSION));
   if (!right)
      fail("OpenGL is drawn by %s, not by %s", name, meant);
}

static GLuint shader_new_gl(GLenum stage, const char *text)
{
   GLuint shader = glCreateShader(stage);
   GLint good = 0;
   glShaderSource(shader, 1, &text, NULL);
   glCompileShader(shader);
   glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
   if (!good) {
      char log[1024] = "";
      glGetShaderInfoLog(shader, sizeof(log), NULL, log);
      fail("a shader does not compile: %s", log);
   }
   return shader;
}

static GLuint program_new(GLuint first, GLuint second)
{
   GLuint program = glCreateProgram();
   GLint good = 0;
   glAttachShader(program, first);
   if (second)
      glAttachShader(program, second);
   glLinkProgram(program);
   glGetProgramiv(program, GL_LINK_STATUS, &good);
   if (!good)
      fail("a program does not link");
   return program;
}

static GLuint drawing(const char *vertex, const char *fragment)
{
   return program_new(shader_new_gl(GL_VERTEX_SHADER, vertex), shader_new_gl(GL_FRAGMENT_SHADER, fragment));
}

static struct canvas canvas_new(GLenum format, GLenum depth_format, GLsizei samples)
{
   struct canvas canvas;
   glGenFramebuffers(1, &canvas.framebuffer);
   glBindFramebuffer(GL_FRAMEBUFFER, canvas.framebuffer);
   glGenRenderbuffers(1, &canvas.color);
   glBindRenderbuffer(GL_RENDERBUFFER, canvas.color);
   glRenderbufferStorageMultisample(GL_RENDERBUFFER, samples, format, SIZE, SIZE);
   glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, canvas.color);
   glGenRenderbuffers(1, &canvas.depth);
   glBindRenderbuffer(GL_RENDERBUFFER, canvas.depth);
   glRenderbufferStorageMultisample(GL_RENDERBUFFER, samples, depth_format, SIZE, SIZE);
   glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_STENCIL_ATTACHMENT, GL_RENDERBUFFER, canvas.depth);
   if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
      fail("a framebuffer is not complete");
   glViewport(0, 0, SIZE, SIZE);
   glClearColor(0.1f, 0.2f, 0.3f, 1);
   glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT);
   return canvas;
}

static void canvas_free(struct canvas *canvas)
{
   glDeleteFramebuffers(1, &canvas->framebuffer);
   glDeleteRenderbuffers(1, &canvas->color);
   glDeleteRenderbuffers(1, &canvas->depth);
}

static void read_back(const char *name, GLenum format, GLenum type, size_t texel)
{
   void *pixels = calloc(SIZE * SIZE, texel);
   if (!pixels)
      fail("out of memory");
   glReadPixels(0, 0, SIZE, SIZE, format, type, pixels);
   check_gl(name);
   result(&output, name, pixels, SIZE * SIZE * texel);
   free(pixels);
}

// All of the texture bound, of ten bits per colour.
static void read_texture(const char *name)
{
   static uint32_t pixels[SIZE * SIZE];
   glGetTexImage(GL_TEXTURE_2D, 0, GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV, pixels);
   check_gl(name);
   result(&output, name, pixels, sizeof(pixels));
}

static GLuint texture_new(void)
{
   uint8_t pixels[TEXTURE * TEXTURE * 4];
   uint32_t seed = 7;
   for (size_t i = 0; i < sizeof(pixels); i++)
      pixels[i] = (uint8_t)random_next(&seed);
   GLuint texture;
   glGenTextures(1, &texture);
   glBindTexture(GL_TEXTURE_2D, texture);
   glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, TEXTURE, TEXTURE, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
   glTexSubImage2D(GL_TEXTURE_2D, 0, 5, 9, 16, 16, GL_BGRA, GL_UNSIGNED_BYTE, pixels);
   glGenerateMipmap(GL_TEXTURE_2D);
   glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
   glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_MIRRORED_REPEAT);
   return texture;
}

static const char instanced_vertex[] =
    "#version 430 core\n"
    "layout(location = 0) in vec2 corner;\n"
    "layout(location = 1) in vec4 place;\n" // per instance: where, how large, how deep
    "layout(location = 0) uniform mat4 turn;\n"
    "out vec2 at;\n"
    "flat out int which;\n"
    "void main() {\n"
    "   at = corner * 1.5;\n"
    "   which = gl_InstanceID;\n"
    "   gl_Position = turn * vec4(corner * place.z + place.xy, place.w, 1.0);\n"
    "}\n";

static const char instanced_fragment[] =
    "#version 430 core\n"
    "uniform sampler2D image;\n"
    "in vec2 at;\n"
    "flat in int which;\n"
    "out vec4 color;\n"
    "void main() { color = vec4(texture(image, at).rgb, 0.3 + 0.6 * float(which & 1)); }\n";

// Vertices in one buffer, instances in another.
static GLuint instanced_input(GLuint buffers[2])
{
   static const float corners[] = {-1, -1, 1, -1, -1, 1, 1, 1};
   float places[INSTANCES][4];
   uint32_t seed = 3;
   for (int i = 0; i < INSTANCES; i++) {
      for (int j = 0; j < 4; j++)
         places[i][j] = (float)(random_next(&seed) % 1800) / 1000 - 0.9f;
      places[i][2] = 0.05f + places[i][2] * places[i][2] * 0.4f;
   }
   GLuint input;
   glGenVertexArrays(1, &input);
   glBindVertexArray(input);
   glGenBuffers(2, buffers);
   glBindBuffer(GL_ARRAY_BUFFER, buffers[0]);
   glBufferData(GL_ARRAY_BUFFER, sizeof(corners), corners, GL_STATIC_DRAW);
   glVertexAttribPointer(0, 2, GL_FLOAT, GL_FALSE, 0, NULL);
   glBindBuffer(GL_ARRAY_BUFFER, buffers[1]);
   glBufferData(GL_ARRAY_BUFFER, sizeof(places), places, GL_STREAM_DRAW);
   glVertexAttribPointer(1, 4, GL_FLOAT, GL_FALSE, 0, NULL);
   glVertexAttribDivisor(1, 1);
   glEnableVertexAttribArray(0);
   glEnableVertexAttribArray(1);
   return input;
}

static void draw_instances(GLuint program, float angle)
{
   const float c = cosf(angle), s = sinf(angle);
   const float turn[] = {c, s, 0, 0, -s, c, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
   glUseProgram(program);
   glUniformMatrix4fv(0, 1, GL_FALSE, turn);
   glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, INSTANCES);
}

// Textured, blended, depth-tested instances; then the same through a stencil.
static void scene(GLuint program)
{
   struct canvas canvas = canvas_new(GL_RGBA8, GL_DEPTH24_STENCIL8, 0);
   GLuint query, passed = 0;
   glGenQueries(1, &query);
   glEnable(GL_DEPTH_TEST);
   glEnable(GL_BLEND);
   glBlendFunc(GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA);
   glBeginQuery(GL_SAMPLES_PASSED, query);
   for (int i = 0; i < 3; i++)
      draw_instances(program, 0.4f * (float)i);
   glEndQuery(GL_SAMPLES_PASSED);
   read_back("instances", GL_RGBA, GL_UNSIGNED_BYTE, 4);
   read_back("their depth", GL_DEPTH_COMPONENT, GL_FLOAT, 4);
   glGetQueryObjectuiv(query, GL_QUERY_RESULT, &passed);
   result(&output, "samples passed", &passed, sizeof(passed));
   glDeleteQueries(1, &query);
   glDisable(GL_DEPTH_TEST);
   glEnable(GL_STENCIL_TEST);
   glStencilFunc(GL_ALWAYS, 1, 0xff);
   glStencilOp(GL_KEEP, GL_KEEP, GL_INCR);
   draw_instances(program, 1.3f);
   glStencilFunc(GL_LESS, 1, 0xff);
   glStencilOp(GL_KEEP, GL_KEEP, GL_KEEP);
   glBlendFunc(GL_ONE, GL_ONE);
   glEnable(GL_SCISSOR_TEST);
   glScissor(20, 30, 100, 90);
   draw_instances(program, 2.1f);
   glDisable(GL_SCISSOR_TEST);
   glDisable(GL_STENCIL_TEST);
   glDisable(GL_BLEND);
   read_back("through a stencil", GL_RGBA, GL_UNSIGNED_BYTE, 4);
   canvas_free(&canvas);
}

static void multisampled(GLuint program)
{
   struct canvas many = canvas_new(GL_RGBA16F, GL_DEPTH32F_STENCIL8, 4);
   draw_instances(program, 0.2f);
   struct canvas one = canvas_new(GL_RGBA16F, GL_DEPTH32F_STENCIL8, 0);
   glBindFramebuffer(GL_READ_FRAMEBUFFER, many.framebuffer);
   glBlitFramebuffer(0, 0, SIZE, SIZE, 0, 0, SIZE, SIZE, GL_COLOR_BUFFER_BIT, GL_NEAREST);
   glBindFramebuffer(GL_READ_FRAMEBUFFER, one.framebuffer);
   read_back("multisampled, in half floats", GL_RGBA, GL_FLOAT, 16);
   canvas_free(&one);
   canvas_free(&many);
}

// A texture that was drawn into is drawn from; and a copy out of a framebuffer into a texture.
static void through_textures(GLuint program)
{
   GLuint texture, framebuffer;
   glGenTextures(1, &texture);
   glBindTexture(GL_TEXTURE_2D, texture);
   glTexStorage2D(GL_TEXTURE_2D, 1, GL_RGB10_A2, SIZE, SIZE);
   glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
   glGenFramebuffers(1, &framebuffer);
   glBindFramebuffer(GL_FRAMEBUFFER, framebuffer);
   glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, texture, 0);
   glBindTexture(GL_TEXTURE_2D, texture_new());
   glClear(GL_COLOR_BUFFER_BIT);
   draw_instances(program, 0.7f);
   read_back("drawn into a texture", GL_RGBA, GL_UNSIGNED_INT_2_10_10_10_REV, 4);
   struct canvas canvas = canvas_new(GL_SRGB8_ALPHA8, GL_DEPTH24_STENCIL8, 0);
   glEnable(GL_FRAMEBUFFER_SRGB);
   glBindTexture(GL_TEXTURE_2D, texture);
   draw_instances(program, 1.9f);
   glDisable(GL_FRAMEBUFFER_SRGB);
   read_back("drawn with that texture, in sRGB", GL_BGRA, GL_UNSIGNED_BYTE, 4);
   glCopyTexSubImage2D(GL_TEXTURE_2D, 0, 10, 10, 50, 60, 80, 70);
   read_texture("a copy from the framebuffer");
   draw_instances(program, 2.6f);
   read_back("drawn with that copy", GL_BGRA, GL_UNSIGNED_BYTE, 4);
   canvas_free(&canvas);
   glDeleteFramebuffers(1, &framebuffer);
   glDeleteTextures(1, &texture);
}

static void computed(void)
{
   static const char text[] = "#version 430 core\n"
                              "layout(local_size_x = 64) in;\n"
                              "layout(std430, binding = 0) buffer Words { uint word[]; };\n"
                              "layout(std430, binding = 1) buffer Sum { uint sum; };\n"
                              "void main() {\n"
                              "   uint i = gl_GlobalInvocationID.x;\n"
                              "   word[i] = (word[i] ^ i) * 2654435761u;\n"
                              "   atomicAdd(sum, word[i] >> 20);\n"
                              "}\n";
   uint32_t words[4096], sum = 0;
   GLuint buffers[2], program = program_new(shader_new_gl(GL_COMPUTE_SHADER, text), 0);
   uint32_t seed = 11;
   for (size_t i = 0; i < COUNT(words); i++)
      words[i] = random_next(&seed);
   glGenBuffers(2, buffers);
   glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 0, buffers[0]);
   glBufferData(GL_SHADER_STORAGE_BUFFER, sizeof(words), words, GL_DYNAMIC_COPY);
   glBindBufferBase(GL_SHADER_STORAGE_BUFFER, 1, buffers[1]);
   glBufferData(GL_SHADER_STORAGE_BUFFER, sizeof(sum), &sum, GL_DYNAMIC_COPY);
   glUseProgram(program);
   for (int i = 0; i < 10; i++) {
      glDispatchCompute(COUNT(words) / 64, 1, 1);
      glMemoryBarrier(GL_SHADER_STORAGE_BARRIER_BIT | GL_BUFFER_UPDATE_BARRIER_BIT);
   }
   glGetBufferSubData(GL_SHADER_STORAGE_BUFFER, 0, sizeof(sum), &sum);
   glBindBuffer(GL_SHADER_STORAGE_BUFFER, buffers[0]);
   void *map = glMapBufferRange(GL_SHADER_STORAGE_BUFFER, 0, sizeof(words), GL_MAP_READ_BIT);
   check_gl("computing");
   result(&output, "computed words", map, sizeof(words));
   result(&output, "their sum", &sum, sizeof(sum));
   glUnmapBuffer(GL_SHADER_STORAGE_BUFFER);
   glDeleteBuffers(2, buffers);
   glDeleteProgram(program);
}

int main(int argc, char **argv)
{
   if (argc < 2 || !(output.result = fopen(argv[1], "wb")))
      fail("usage: %s RESULT-FILE", argv[0]);
   EGLDisplay display = checked_display();
   EGLContext context = open_context(display);
   print_device();
   GLuint buffers[2], input = instanced_input(buffers), texture = texture_new();
   GLuint program = drawing(instanced_vertex, instanced_fragment);
   check_gl("making things");
   scene(program);
   multisampled(program);
   through_textures(program);
   computed();
   glDeleteTextures(1, &texture);
   glDeleteVertexArrays(1, &input);
   glDeleteBuffers(2, buffers);
   eglMakeCurrent(display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
   eglDestroyContext(display, context);
   eglTerminate(display);
   return fclose(output.result) ? 1 : 0;
}
