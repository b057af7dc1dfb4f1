/* A delegate that takes no operator, for tests of who frees one: the head of common.h's TfLiteDelegate, the rest zero.
   gcc -shared -fPIC nothing.c -o libnothing.so */
#include <stdint.h>

static int prepare(void *context, void *delegate) {
  (void)context, (void)delegate;
  return 0; /* kTfLiteOk */
}

static struct {
  void *data;
  int (*prepare)(void *context, void *delegate);
  void *rest[16];
} nothing = {.prepare = prepare};

/* dev.srganedge.engine.Nothing.handle(), a static native method. */
int64_t Java_dev_srganedge_engine_Nothing_handle(void *environment, void *class) {
  (void)environment, (void)class;
  return (int64_t)&nothing;
}
