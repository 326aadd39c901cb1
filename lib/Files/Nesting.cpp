// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counting the levels of brackets of an input, and a stack that is large enough
// where they cannot be counted before.
#include "Files/Nesting.h"
#include "llvm/ADT/ScopeExit.h"
#include <algorithm>
#include <pthread.h>

using namespace llvm;

int64_t moe::files::nestingOfIR(StringRef text) {
  int64_t depth = 0, deepest = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    StringRef rest = text.drop_front(i);
    if (rest.starts_with("//"))
      i = std::min(text.find('\n', i), text.size());
    else if (rest.starts_with("->") || rest.starts_with("<="))
      ++i;
    else if (text[i] == '"')
      while (++i < text.size() && text[i] != '"')
        i += text[i] == '\\';
    else if (StringRef("([{<").contains(text[i]))
      deepest = std::max(deepest, ++depth);
    else if (StringRef(")]}>").contains(text[i]))
      depth = std::max<int64_t>(depth - 1, 0);
  }
  return deepest;
}

int moe::files::onLargeStack(function_ref<int()> body) {
  // Pages of it exist once they are touched.
  constexpr size_t bytes = size_t(1) << 30;
  struct Call {
    function_ref<int()> body;
    int result;
  } call{body, 0};
  auto run = [](void *pointer) -> void * {
    auto *made = static_cast<Call *>(pointer);
    made->result = made->body();
    return nullptr;
  };
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes))
    return body();
  scope_exit destroy([&] { pthread_attr_destroy(&attributes); });
  pthread_t thread;
  if (pthread_attr_setstacksize(&attributes, bytes) ||
      pthread_create(&thread, &attributes, run, &call))
    return body(); // a limit of the process's memory
  pthread_join(thread, nullptr);
  return call.result;
}
