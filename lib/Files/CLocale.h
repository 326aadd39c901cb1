// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers in text, whatever locale the process has chosen.
#ifndef MOE_LIB_FILES_CLOCALE_H
#define MOE_LIB_FILES_CLOCALE_H

#include <locale.h>

namespace moe::files {

/// While it lives, this thread reads and writes text by the locale "C". LLVM
/// reads and prints floats by functions of the C library, which in a process
/// that has called setlocale() may take a comma for the decimal point: neither
/// JSON nor IR does.
class CLocale {
public:
  CLocale() : before(uselocale(plain())) {}
  ~CLocale() { uselocale(before); }
  CLocale(const CLocale &) = delete;
  CLocale &operator=(const CLocale &) = delete;

private:
  static locale_t plain() {
    static const locale_t made = newlocale(LC_ALL_MASK, "C", locale_t());
    return made;
  }
  locale_t before;
};

} // namespace moe::files

#endif // MOE_LIB_FILES_CLOCALE_H
