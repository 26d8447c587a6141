#include <fstream>
#include <iostream>

#include "engine/render/html_report.h"
#include "tests/support/sample_report.h"

// write_sample_report FILE: the sample report as a page, for tests in a browser.
int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: write_sample_report FILE\n";
    return 2;
  }
  std::ofstream file(arguments[1], std::ios::binary);
  file << impact::html_report(impact::sample_report());
  return file.flush() ? 0 : 1;
}
