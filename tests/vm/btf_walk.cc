#include "tests/vm/btf_walk.h"

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace nsobs {
namespace {

constexpr int32_t kPoison = 195896080;  // 0xbad2310, bpf_core_poison_insn() in libbpf's relo_core.c

// What is known of a register or a slot of the stack: nothing yet, one value, or anything.
struct Value {
  enum Kind : uint8_t { kNone, kConstant, kStack, kAnything } kind = kNone;
  uint64_t bits = 0;  // kStack: the distance from r10

  bool operator==(const Value&) const = default;
  bool Join(const Value& other) {
    if (other.kind == kNone || *this == other) return false;
    const Value before = *this;
    *this = kind == kNone ? other : Value{kAnything, 0};
    return *this != before;
  }
};
constexpr Value kAny{Value::kAnything, 0};

struct State {
  std::array<Value, 11> registers;
  std::map<int64_t, Value> slots;  // of eight bytes, by the distance from r10; absent: anything

  // True if less is known than before.
  bool Join(const State& other) {
    bool changed = false;
    for (size_t i = 0; i < registers.size(); ++i) changed |= registers[i].Join(other.registers[i]);
    for (auto it = slots.begin(); it != slots.end();) {
      const auto theirs = other.slots.find(it->first);
      const bool same = theirs != other.slots.end() && theirs->second == it->second;
      changed |= !same;
      it = same ? std::next(it) : slots.erase(it);
    }
    return changed;
  }
};

State Entry() {
  State state;
  state.registers.fill(kAny);
  state.registers[10] = {Value::kStack, 0};
  return state;
}

std::optional<uint64_t> Calculate(uint8_t operation, uint64_t a, uint64_t b, unsigned width) {
  const unsigned shift = static_cast<unsigned>(b) & (width - 1);
  switch (operation) {
    case BPF_ADD:
      return a + b;
    case BPF_SUB:
      return a - b;
    case BPF_MUL:
      return a * b;
    case BPF_AND:
      return a & b;
    case BPF_OR:
      return a | b;
    case BPF_XOR:
      return a ^ b;
    case BPF_LSH:
      return a << shift;
    case BPF_RSH:
      return (width == 32 ? static_cast<uint32_t>(a) : a) >> shift;
    case BPF_ARSH:
      return width == 32 ? static_cast<uint64_t>(static_cast<int32_t>(a) >> shift)
                         : static_cast<uint64_t>(static_cast<int64_t>(a) >> shift);
    case BPF_MOV:
      return b;
    default:
      return std::nullopt;
  }
}

Value Arithmetic(const bpf_insn& in, const Value& left, const Value& right) {
  const uint8_t operation = BPF_OP(in.code);
  const bool narrow = BPF_CLASS(in.code) == BPF_ALU;
  if (operation == BPF_MOV && !narrow && in.off == 0) return right;
  if (left.kind == Value::kStack && right.kind == Value::kConstant && !narrow &&
      (operation == BPF_ADD || operation == BPF_SUB)) {
    return {Value::kStack, operation == BPF_ADD ? left.bits + right.bits : left.bits - right.bits};
  }
  const bool known = right.kind == Value::kConstant && in.off == 0 &&
                     (operation == BPF_MOV || left.kind == Value::kConstant);
  if (!known) return kAny;
  const auto result = Calculate(operation, left.bits, right.bits, narrow ? 32 : 64);
  if (!result.has_value()) return kAny;
  return {Value::kConstant, narrow ? static_cast<uint32_t>(*result) : *result};
}

// nullopt: the program itself cannot say.
std::optional<bool> Compare(const bpf_insn& in, const Value& left, const Value& right) {
  if (left.kind != Value::kConstant || right.kind != Value::kConstant) return std::nullopt;
  const bool narrow = BPF_CLASS(in.code) == BPF_JMP32;
  const uint64_t a = narrow ? static_cast<uint32_t>(left.bits) : left.bits;
  const uint64_t b = narrow ? static_cast<uint32_t>(right.bits) : right.bits;
  const int64_t sa = narrow ? static_cast<int32_t>(a) : static_cast<int64_t>(a);
  const int64_t sb = narrow ? static_cast<int32_t>(b) : static_cast<int64_t>(b);
  switch (BPF_OP(in.code)) {
    case BPF_JEQ:
      return a == b;
    case BPF_JNE:
      return a != b;
    case BPF_JGT:
      return a > b;
    case BPF_JGE:
      return a >= b;
    case BPF_JLT:
      return a < b;
    case BPF_JLE:
      return a <= b;
    case BPF_JSET:
      return (a & b) != 0;
    case BPF_JSGT:
      return sa > sb;
    case BPF_JSGE:
      return sa >= sb;
    case BPF_JSLT:
      return sa < sb;
    case BPF_JSLE:
      return sa <= sb;
    default:
      return std::nullopt;
  }
}

class Walk {
 public:
  explicit Walk(absl::Span<const bpf_insn> code) : code_(code), states_(code.size()) {}

  Walked Run() {
    Reach(0, Entry());
    while (!wanted_.empty()) {
      const size_t at = wanted_.front();
      wanted_.pop_front();
      Step(at, *states_[at]);
    }
    for (const auto& state : states_) out_.reached += state.has_value();
    return out_;
  }

 private:
  void Reach(size_t at, const State& state) {
    if (at >= code_.size()) return;
    if (!states_[at].has_value()) {
      states_[at] = state;
    } else if (!states_[at]->Join(state)) {
      return;
    }
    wanted_.push_back(at);
  }

  void Step(size_t at, State state) {
    const bpf_insn& in = code_[at];
    switch (BPF_CLASS(in.code)) {
      case BPF_ALU:
      case BPF_ALU64:
        DoArithmetic(in, &state);
        return Reach(at + 1, state);
      case BPF_LD:
        return DoWideLoad(at, in, state);
      case BPF_LDX:
        if (in.src_reg == 10 && in.off >= 0) {  // above the frame: refuse()
          out_.declines = true;
          return;
        }
        state.registers[in.dst_reg] = Loaded(in, state);
        return Reach(at + 1, state);
      case BPF_ST:
      case BPF_STX:
        Store(in, &state);
        return Reach(at + 1, state);
      default:
        return DoJump(at, in, state);
    }
  }

  static Value Right(const bpf_insn& in, const State& state) {
    if (BPF_SRC(in.code) == BPF_X) return state.registers[in.src_reg];
    return {Value::kConstant, static_cast<uint64_t>(static_cast<int64_t>(in.imm))};
  }

  static void DoArithmetic(const bpf_insn& in, State* state) {
    Value& left = state->registers[in.dst_reg];
    const uint8_t operation = BPF_OP(in.code);
    left = operation == BPF_END || operation == BPF_NEG ? kAny
                                                        : Arithmetic(in, left, Right(in, *state));
  }

  static std::optional<int64_t> StackAt(const Value& base, int16_t offset) {
    if (base.kind != Value::kStack) return std::nullopt;
    return static_cast<int64_t>(base.bits) + offset;
  }

  static Value Loaded(const bpf_insn& in, const State& state) {
    const auto at = StackAt(state.registers[in.src_reg], in.off);
    if (!at.has_value() || BPF_SIZE(in.code) != BPF_DW) return kAny;
    const auto it = state.slots.find(*at);
    return it == state.slots.end() ? kAny : it->second;
  }

  static void Store(const bpf_insn& in, State* state) {
    const auto at = StackAt(state->registers[in.dst_reg], in.off);
    const bool plain = BPF_MODE(in.code) == BPF_MEM;
    if (!plain) {  // atomic; what it fetches comes into the source or into r0
      state->registers[in.src_reg] = kAny;
      state->registers[0] = kAny;
    }
    if (!at.has_value()) return;  // not to the stack: what clang keeps there is addressed by r10
    for (auto it = state->slots.begin(); it != state->slots.end();) {
      it = it->first > *at - 8 && it->first < *at + 8 ? state->slots.erase(it) : std::next(it);
    }
    if (!plain || BPF_SIZE(in.code) != BPF_DW) return;
    const Value value =
        BPF_CLASS(in.code) == BPF_STX
            ? state->registers[in.src_reg]
            : Value{Value::kConstant, static_cast<uint64_t>(static_cast<int64_t>(in.imm))};
    if (value.kind == Value::kConstant) state->slots[*at] = value;
  }

  void DoWideLoad(size_t at, const bpf_insn& in, State state) {
    if (BPF_MODE(in.code) != BPF_IMM || at + 1 >= code_.size()) return Reach(at + 1, state);
    if (in.src_reg == BPF_PSEUDO_FUNC) Reach(Target(at, in.imm), Entry());
    const uint64_t high = static_cast<uint32_t>(code_[at + 1].imm);
    state.registers[in.dst_reg] =
        in.src_reg == 0 ? Value{Value::kConstant, high << 32 | static_cast<uint32_t>(in.imm)}
                        : kAny;
    Reach(at + 2, state);
  }

  void DoJump(size_t at, const bpf_insn& in, State state) {
    const uint8_t operation = BPF_OP(in.code);
    if (operation == BPF_EXIT) return;
    if (operation == BPF_CALL) return DoCall(at, in, state);
    if (operation == BPF_JA) return Reach(Target(at, in.off), state);
    const Value right = Right(in, state);
    Value& left = state.registers[in.dst_reg];
    const auto taken = Compare(in, left, right);
    const bool learns = right.kind == Value::kConstant && left.kind == Value::kAnything &&
                        BPF_CLASS(in.code) == BPF_JMP;
    const Value before = left;
    if (taken.value_or(true)) {
      if (learns && operation == BPF_JEQ) left = right;
      Reach(Target(at, in.off), state);
      left = before;
    }
    if (taken.value_or(false)) return;
    if (learns && operation == BPF_JNE) left = right;
    Reach(at + 1, state);
  }

  void DoCall(size_t at, const bpf_insn& in, State state) {
    if (in.src_reg == BPF_PSEUDO_CALL) {
      Reach(Target(at, in.imm), Entry());
    } else if (in.imm == kPoison) {
      out_.poisoned.insert(at);
      return;
    } else if (in.src_reg != BPF_PSEUDO_KFUNC_CALL) {
      out_.helpers.insert(in.imm);
    }
    bool sees_stack = false;
    for (size_t i = 1; i <= 5; ++i) sees_stack |= state.registers[i].kind == Value::kStack;
    if (sees_stack) state.slots.clear();
    for (size_t i = 0; i <= 5; ++i) state.registers[i] = kAny;
    Reach(at + 1, state);
  }

  static size_t Target(size_t at, int32_t distance) {
    return static_cast<size_t>(static_cast<int64_t>(at) + 1 + distance);
  }

  absl::Span<const bpf_insn> code_;
  std::vector<std::optional<State>> states_;
  std::deque<size_t> wanted_;
  Walked out_;
};

}  // namespace

Walked WalkProgram(absl::Span<const bpf_insn> instructions) { return Walk(instructions).Run(); }

}  // namespace nsobs
