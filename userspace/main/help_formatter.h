// How --help looks: wrapped to 80 columns, examples at the end.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace nsobs {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
};

}  // namespace nsobs
