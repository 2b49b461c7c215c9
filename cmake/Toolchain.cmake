# Compiler settings shared by every target: warnings are errors, ccache and a fast linker where present.
add_compile_options(-Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives for coroutine frames and inlined std::string code at -O2.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-dangling-pointer -Wno-array-bounds
                      -Wno-stringop-overflow -Wno-stringop-overread -Wno-mismatched-new-delete
                      -Wno-free-nonheap-object)
else()
  add_compile_options(-Wno-deprecated-declarations)  # clang counts libstdc++ 12's own std::stable_sort as ours
endif()

find_program(CCACHE ccache)
if(CCACHE)
  # The sloppiness that ccache asks for before it caches what uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros
                                  "${CCACHE}")
endif()

find_program(MOLD mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(LLD NAMES ld.lld-19 ld.lld)
  if(LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

if(WAYBILL_SANITIZE)
  add_compile_options(-fsanitize=${WAYBILL_SANITIZE} -fno-omit-frame-pointer)
  if(WAYBILL_SANITIZE MATCHES "undefined")
    # Or it would say what it found, and pass. Its look at a vptr needs a pipe, and takes the want of descriptors,
    # which some tests bring about, for a bad object.
    add_compile_options(-fno-sanitize=vptr -fno-sanitize-recover=undefined)
  endif()
  add_link_options(-fsanitize=${WAYBILL_SANITIZE})
endif()
if(WAYBILL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(NOT WAYBILL_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong)
  add_link_options(-Wl,-z,relro,-z,now)
endif()
