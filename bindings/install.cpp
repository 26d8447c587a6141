#include "bindings/install.h"

namespace impact::bindings {

void install(Runtime& runtime) {
  runtime.protect([](lua_State* L) {
    install_columns(L);
    install_tables(L);
    install_readers(L);
    install_random(L);
    install_formulas(L);
    install_methods(L);
    install_study(L);
    install_display(L);
    lua_settop(L, 0);
  });
}

}  // namespace impact::bindings
