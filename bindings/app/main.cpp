#include "bindings/app/options.h"

int main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = impact::bindings::read_command_line(argc, argv, &exit_code);
  return options ? impact::bindings::run_program(*options) : exit_code;
}
