//===- Translate.cpp - an argument as the emulator takes it ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the executors' argument to the emulator's, field by field.
//
//===----------------------------------------------------------------------===//

#include "Translate.h"

using namespace moe::executor;

static moe::emulator::Arg::Place translatePlace(Argument::Place place) {
  using To = moe::emulator::Arg::Place;
  switch (place) {
  case Argument::Place::Position:
    return To::Position;
  case Argument::Place::Name:
    return To::Name;
  case Argument::Place::Offset:
    return To::Offset;
  case Argument::Place::None:
    break;
  }
  return To::None;
}

moe::emulator::Arg moe::executor::translate(const Argument &argument) {
  moe::emulator::Arg arg;
  if (argument.kind == Argument::Kind::Null)
    arg = moe::emulator::Arg::nullBuffer();
  else if (argument.kind == Argument::Kind::Buffer)
    arg = moe::emulator::Arg::buffer(argument.bytes);
  arg.name = argument.name;
  arg.readOnly = argument.readOnly;
  arg.value = argument.value;
  arg.place = translatePlace(argument.place);
  arg.offset = argument.offset;
  arg.sameAs = argument.sameAs;
  arg.plus = argument.plus;
  for (const Argument::Pointer &pointer : argument.pointers)
    arg.pointers.push_back({pointer.at, pointer.arg, pointer.plus});
  return arg;
}
