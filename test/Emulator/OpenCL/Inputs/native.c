// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a test kernel on the host: `native GX GY BX ARG...` with an argument as
// `i64:VALUE` or `IN=OUT` (files; the buffer is read from IN and written to
// OUT). The work items of a group are coroutines that hand over at barriers,
// shuffles and ballots; waves have 64 lanes.

#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

extern void KERNEL_NAME(long, long, long, long, long, long, long, long);

enum { maxItems = 1024, stackBytes = 65536, maxArgs = 8 };
static ucontext_t scheduler, items[maxItems];
static bool done[maxItems];
static unsigned current, blockX, groupX, groupY;
static long args[maxArgs];
static uint64_t exchange[maxItems];

uint32_t native_local_id(void) { return current % blockX; }
uint32_t native_local_id_y(void) { return current / blockX; }
uint32_t native_group_id(void) { return groupX; }
uint32_t native_group_id_y(void) { return groupY; }
void native_barrier(void) { swapcontext(&items[current], &scheduler); }

uint32_t native_shuffle(uint32_t value, uint32_t lane) {
  exchange[current] = value;
  native_barrier();
  uint32_t result = (uint32_t)exchange[current / 64 * 64 + lane % 64];
  native_barrier();
  return result;
}

unsigned long long native_ballot(bool condition) {
  exchange[current] = condition;
  native_barrier();
  unsigned long long mask = 0;
  for (unsigned lane = 0; lane != 64; ++lane)
    mask |= (unsigned long long)(exchange[current / 64 * 64 + lane] & 1)
            << lane;
  native_barrier();
  return mask;
}

/// What the compiler calls to make a bf16, where its run-time library has none.
__bf16 __truncsfbf2(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  uint32_t half = bits & 0xffff, up = bits >> 16;
  if (value != value)
    up |= 0x40;
  else if (half > 0x8000 || (half == 0x8000 && (up & 1)))
    ++up;
  uint16_t result = (uint16_t)up;
  __bf16 b;
  memcpy(&b, &result, 2);
  return b;
}

static void item(void) {
  KERNEL_NAME(args[0], args[1], args[2], args[3], args[4], args[5], args[6],
              args[7]);
  done[current] = true;
}

static void runGroup(unsigned count, char *stacks) {
  for (unsigned i = 0; i != count; ++i) {
    done[i] = false;
    getcontext(&items[i]);
    items[i].uc_stack.ss_sp = stacks + (size_t)i * stackBytes;
    items[i].uc_stack.ss_size = stackBytes;
    items[i].uc_link = &scheduler;
    makecontext(&items[i], item, 0);
  }
  for (bool busy = true; busy;) {
    busy = false;
    for (current = 0; current != count; ++current)
      if (!done[current]) {
        swapcontext(&scheduler, &items[current]);
        busy = true;
      }
  }
}

static void *readFile(const char *name, size_t *size) {
  FILE *f = fopen(name, "rb");
  if (!f || fseek(f, 0, SEEK_END))
    exit(2);
  *size = (size_t)ftell(f);
  rewind(f);
  void *bytes = malloc(*size + 1);
  if (fread(bytes, 1, *size, f) != *size)
    exit(2);
  fclose(f);
  return bytes;
}

int main(int argc, char **argv) {
  unsigned gridX = (unsigned)atoi(argv[1]), gridY = (unsigned)atoi(argv[2]);
  blockX = (unsigned)atoi(argv[3]);
  unsigned count = blockX * (unsigned)atoi(argv[4]);
  const char *outs[maxArgs] = {0};
  size_t sizes[maxArgs];
  for (int i = 5; i != argc; ++i) {
    if (!strncmp(argv[i], "i64:", 4)) {
      args[i - 5] = strtol(argv[i] + 4, NULL, 0);
      continue;
    }
    char *eq = strchr(argv[i], '=');
    *eq = 0;
    args[i - 5] = (long)readFile(argv[i], &sizes[i - 5]);
    outs[i - 5] = eq + 1;
  }
  char *stacks = malloc((size_t)count * stackBytes);
  for (groupY = 0; groupY != gridY; ++groupY)
    for (groupX = 0; groupX != gridX; ++groupX)
      runGroup(count, stacks);
  for (int i = 0; i != maxArgs; ++i)
    if (outs[i]) {
      FILE *f = fopen(outs[i], "wb");
      if (!f || fwrite((void *)args[i], 1, sizes[i], f) != sizes[i] ||
          fclose(f))
        return 2;
    }
  return 0;
}
