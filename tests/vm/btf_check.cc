// What each program of an object would find in a kernel, by that kernel's BTF alone: nothing of it
// is loaded here. Run by tests/vm/btf. Needs root: libbpf asks this kernel for maps.
//
//   btf_check OBJECT BTF
//
//   row SOURCE PROGRAM [PROGRAM...]       of the program table, the best first
//   program NAME SECTION REACHED          REACHED: instructions that can run
//   hook NAME PROTOTYPE | nohook NAME WHY
//   poison NAME WHAT                      a relocation that the program needs and that is not there
//   declines NAME                         the program asks, and gives up
//   helper NAME BPF_FUNC_...              that this kernel does not have
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/vm/btf_hook.h"
#include "tests/vm/btf_walk.h"
#include "userspace/collector/program_table.h"

namespace {

using Names = std::map<size_t, std::string>;  // what a relocation asks for, by its instruction

// libbpf says what it does only in its log, and its callbacks have no place for a context of ours.
struct Job {
  const btf* kernel = nullptr;
  std::set<int64_t> helpers;
  std::map<std::string, Names> relocations;
};
Job* job = nullptr;

constexpr bpf_insn kEmptyProgram[] = {
    {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .src_reg = 0, .off = 0, .imm = 0},
    {.code = BPF_JMP | BPF_EXIT, .dst_reg = 0, .src_reg = 0, .off = 0, .imm = 0},
};

// "prog 'NAME': relo #4: <byte_off> [31] struct task_struct.nsproxy (0:12 @ offset 96)", followed
// by "prog 'NAME': relo #4: substituting insn #17 w/ invalid insn".
int Listen(libbpf_print_level level, const char* format, va_list args) {
  static std::string asked;
  char line[1024];
  vsnprintf(line, sizeof line, format, args);
  if (level == LIBBPF_WARN) fputs(line, stderr);
  char name[128], what[256];
  int number = 0;
  unsigned at = 0;
  if (sscanf(line, "libbpf: prog '%127[^']': relo #%d: substituting insn #%u", name, &number,
             &at) == 3) {
    job->relocations[name][at] = asked;
  } else if (sscanf(line, "libbpf: prog '%127[^']': relo #%d: <%*[^>]> [%*d] %255[^\n]", name,
                    &number, what) == 3) {
    asked = what;
  }
  return 0;
}

std::string WhatIsAt(const std::string& program, size_t at) {
  const Names& names = job->relocations[program];
  const auto it = names.find(at);
  if (it != names.end()) return it->second;
  // A function behind the program's own instructions: its relocations have its own numbers.
  std::string all;
  for (const auto& [function, found] : job->relocations) {
    for (const auto& [number, name] : found) {
      if (function != program && all.find(name) == std::string::npos) all += name + " or ";
    }
  }
  return all.empty() ? "?" : all.substr(0, all.size() - 4);
}

void Report(const bpf_program* program) {
  const std::string name = bpf_program__name(program);
  const std::string section = bpf_program__section_name(program);
  const nsobs::Walked walked = nsobs::WalkProgram(
      absl::MakeSpan(bpf_program__insns(program), bpf_program__insn_cnt(program)));
  printf("program %s %s %zu\n", name.c_str(), section.c_str(), walked.reached);
  const auto hook = nsobs::FindHook(job->kernel, section);
  if (hook.ok()) {
    printf("hook %s %s\n", name.c_str(), hook->c_str());
  } else {
    printf("nohook %s %s\n", name.c_str(), std::string(hook.status().message()).c_str());
  }
  for (const size_t at : walked.poisoned) {
    printf("poison %s %s\n", name.c_str(), WhatIsAt(name, at).c_str());
  }
  if (walked.declines) printf("declines %s\n", name.c_str());
  for (const int32_t helper : walked.helpers) {
    if (!job->helpers.contains(helper)) printf("helper %s %d\n", name.c_str(), helper);
  }
}

// The program as libbpf would give it to the kernel. What it does give is an empty one.
int Prepare(bpf_program* program, bpf_prog_load_opts* options, long) {
  Report(program);
  options->prog_btf_fd = 0;
  options->func_info_cnt = 0;
  options->line_info_cnt = 0;
  std::vector<bpf_insn> empty(std::begin(kEmptyProgram), std::end(kEmptyProgram));
  return bpf_program__set_insns(program, empty.data(), empty.size());
}

// The values of enum bpf_func_id.
std::set<int64_t> HelpersOf(const btf* kernel) {
  std::set<int64_t> out;
  const int id = btf__find_by_name_kind(kernel, "bpf_func_id", BTF_KIND_ENUM);
  if (id < 0) return out;
  const btf_type* type = btf__type_by_id(kernel, static_cast<uint32_t>(id));
  for (int i = 0; i < btf_vlen(type); ++i) out.insert(btf_enum(type)[i].val);
  return out;
}

int Check(const char* object_path, const char* btf_path) {
  Job mine;
  job = &mine;
  std::unique_ptr<btf, decltype(&btf__free)> kernel(btf__parse_raw(btf_path), btf__free);
  if (kernel == nullptr) return fprintf(stderr, "%s: no BTF\n", btf_path), 1;
  mine.kernel = kernel.get();
  mine.helpers = HelpersOf(kernel.get());
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.btf_custom_path = btf_path;
  std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_file(object_path, &options), bpf_object__close);
  if (object == nullptr) return perror(object_path), 1;
  bpf_map* map;
  bpf_object__for_each_map(map, object.get()) {
    const uint32_t few = bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF ? 4096 : 16;
    if (bpf_map__max_entries(map) > few) bpf_map__set_max_entries(map, few);
  }
  if (const int error = bpf_object__load(object.get()); error != 0) {
    return fprintf(stderr, "%s: %s\n", object_path, strerror(-error)), 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: vm_btf_check OBJECT BTF\n"), 2;
  libbpf_set_print(Listen);
  libbpf_prog_handler_opts handler{};
  handler.sz = sizeof handler;
  handler.prog_prepare_load_fn = Prepare;
  for (const char* kind : {"tp_btf+", "fentry+", "fexit+", "iter+", "kprobe+", "kretprobe+",
                           "tracepoint+", "raw_tp+", "cgroup_skb/ingress", "cgroup_skb/egress"}) {
    libbpf_register_prog_handler(kind, BPF_PROG_TYPE_SOCKET_FILTER, static_cast<bpf_attach_type>(0),
                                 &handler);
  }
  for (const nsobs::ProgramRow& row : nsobs::ProgramTable()) {
    printf("row %s", std::string(row.source).c_str());
    for (const nsobs::HookRow& hook : row.Hooks()) printf(" %s", std::string(hook.program).c_str());
    printf("\n");
  }
  return Check(argv[1], argv[2]);
}
