#include "tests/vm/btf_walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int32_t kPoison = 195896080;

bpf_insn Insn(int code, int dst, int src, int off, int imm) {
  bpf_insn out{};
  out.code = static_cast<uint8_t>(code);
  out.dst_reg = static_cast<uint8_t>(dst) & 0xf;
  out.src_reg = static_cast<uint8_t>(src) & 0xf;
  out.off = static_cast<int16_t>(off);
  out.imm = imm;
  return out;
}
bpf_insn Set(int dst, int value) { return Insn(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value); }
bpf_insn Copy(int dst, int src) { return Insn(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0); }
bpf_insn IfEqual(int dst, int value, int distance) {
  return Insn(BPF_JMP | BPF_JEQ | BPF_K, dst, 0, distance, value);
}
bpf_insn Load(int dst, int src, int off) {
  return Insn(BPF_LDX | BPF_MEM | BPF_DW, dst, src, off, 0);
}
bpf_insn Store(int dst, int off, int src) {
  return Insn(BPF_STX | BPF_MEM | BPF_DW, dst, src, off, 0);
}
bpf_insn Call(int helper) { return Insn(BPF_JMP | BPF_CALL, 0, 0, 0, helper); }
bpf_insn Exit() { return Insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

TEST(BtfWalkTest, WhatIsReachedIsTold) {
  const Walked walked = WalkProgram({Call(14), Call(kPoison), Call(15), Exit()});
  EXPECT_THAT(walked.poisoned, ElementsAre(1));
  EXPECT_THAT(walked.helpers, ElementsAre(14)) << "what follows can't run";
}

TEST(BtfWalkTest, AFieldThatWasAskedForIsNotReached) {
  EXPECT_THAT(WalkProgram({Set(1, 0), IfEqual(1, 0, 1), Call(kPoison), Exit()}).poisoned,
              IsEmpty());
  EXPECT_THAT(WalkProgram({Set(1, 1), IfEqual(1, 0, 1), Call(kPoison), Exit()}).poisoned,
              ElementsAre(2));
}

TEST(BtfWalkTest, TheAnswerMayLieInAnotherRegisterOrOnTheStack) {
  const std::vector<bpf_insn> kept = {Set(1, 0),       Copy(6, 1),       Store(10, -8, 6), Call(14),
                                      Load(2, 10, -8), IfEqual(2, 0, 1), Call(kPoison),    Exit()};
  EXPECT_THAT(WalkProgram(kept).poisoned, IsEmpty());
  // A helper that is given the stack may write there.
  std::vector<bpf_insn> given = kept;
  given.insert(given.begin() + 3, Copy(1, 10));
  EXPECT_THAT(WalkProgram(given).poisoned, ElementsAre(7));
}

TEST(BtfWalkTest, WhereTwoWaysMeetOnlyWhatBothKnowIsKnown) {
  // r1 is what the program was called with; r2 becomes 0 or 1.
  const std::vector<bpf_insn> code = {Set(2, 0),        IfEqual(1, 7, 1), Set(2, 1),
                                      IfEqual(2, 0, 1), Call(kPoison),    Exit()};
  EXPECT_THAT(WalkProgram(code).poisoned, ElementsAre(4));
}

TEST(BtfWalkTest, LoopsEnd) {
  const std::vector<bpf_insn> code = {Set(1, 0), Insn(BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0, 1),
                                      Insn(BPF_JMP | BPF_JNE | BPF_K, 1, 0, -2, 1000),
                                      Call(kPoison), Exit()};
  EXPECT_THAT(WalkProgram(code).poisoned, ElementsAre(3));
}

TEST(BtfWalkTest, FunctionsAreWalkedFromTheirBeginning) {
  bpf_insn call = Insn(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, 1);
  EXPECT_THAT(WalkProgram({call, Exit(), Call(kPoison), Exit()}).poisoned, ElementsAre(2));
  // A callback: its address is loaded.
  const bpf_insn wide = Insn(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_FUNC, 0, 3);
  EXPECT_THAT(WalkProgram({wide, bpf_insn{}, Call(164), Exit(), Call(kPoison), Exit()}).poisoned,
              ElementsAre(4));
}

TEST(BtfWalkTest, AProgramMayDecline) {
  EXPECT_TRUE(WalkProgram({Load(0, 10, 8), Exit()}).declines);
  EXPECT_FALSE(WalkProgram({Set(1, 1), IfEqual(1, 1, 1), Load(0, 10, 8), Exit()}).declines);
}

}  // namespace
}  // namespace nsobs
