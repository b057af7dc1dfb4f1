/* What Android's libc and liblog have and glibc has not, for the library that patch_library.py makes.
   gcc -shared -fPIC -Wl,-soname,liblog.so bionic.c -o liblog.so -lm -ldl */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* stdin, stdout and stderr, 152 bytes each. Only stderr is written to: it is a copy of glibc's with what lies behind a
   FILE there, the pointer to its functions. */
char __sF[2 * 152 + sizeof(FILE) + sizeof(void *)] __attribute__((aligned(16)));
__attribute__((constructor)) static void standard_error(void) {
  memcpy(__sF + 2 * 152, stderr, sizeof(FILE) + sizeof(void *));
}

int *__errno(void) { return &errno; }

size_t __strlen_chk(const char *text, size_t size) {
  (void)size;
  return strlen(text);
}

/* XNNPACK is left out in silence where the API level is not known. */
int __system_property_get(const char *name, char *value) {
  strcpy(value, strcmp(name, "ro.build.version.sdk") ? "" : "35");
  return (int)strlen(value);
}

void android_set_abort_message(const char *message) { fprintf(stderr, "abort: %s\n", message); }

int __android_log_vprint(int priority, const char *tag, const char *format, va_list values) {
  if (priority < 6) return 0; /* ANDROID_LOG_ERROR and above */
  fprintf(stderr, "%s: ", tag);
  vfprintf(stderr, format, values);
  return fputc('\n', stderr);
}

/* sysconf with bionic's constants (bits/sysconf.h). */
long sysconX(int name) {
  switch (name) {
    case 0x27: /* _SC_PAGESIZE */
    case 0x28: return sysconf(_SC_PAGESIZE); /* _SC_PAGE_SIZE */
    case 0x60: return sysconf(_SC_NPROCESSORS_CONF);
    case 0x61: return sysconf(_SC_NPROCESSORS_ONLN);
    case 0x62: return sysconf(_SC_PHYS_PAGES);
    default: errno = EINVAL; return -1;
  }
}

/* dlsym: Android's also searches the library that calls it, which the JVM has opened for itself alone. */
void *dlsyX(void *library, const char *name) {
  if (library) return dlsym(library, name);
  void *self = dlopen("libtensorflowlite_jni.so", RTLD_LAZY | RTLD_NOLOAD);
  void *found = self ? dlsym(self, name) : NULL;
  return found ? found : dlsym(RTLD_DEFAULT, name);
}
