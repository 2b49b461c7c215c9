# waybill_precompiled(TARGET room|test): in the presets that ./test builds the target's files share a precompiled
# header of that kind. One header serves all rooms, and one all tests, because their flags are the same.
option(WAYBILL_PRECOMPILED "Precompile the headers that most files include" OFF)

function(waybill_precompiled target kind)
  if(NOT WAYBILL_PRECOMPILED)
    return()
  endif()
  set(holder waybill_precompiled_${kind})
  if(NOT TARGET ${holder})
    # As its users are: code of a library and code of a program have different flags (-fPIC, -fPIE).
    file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/${holder}.cc" CONTENT "int main() { return 0; }\n")
    if(kind STREQUAL "test")
      add_executable(${holder} "${CMAKE_BINARY_DIR}/${holder}.cc")
      target_link_libraries(${holder} PRIVATE GTest::gmock fmt::fmt)
    else()
      add_library(${holder} OBJECT "${CMAKE_BINARY_DIR}/${holder}.cc")
      target_link_libraries(${holder} PRIVATE fmt::fmt)
    endif()
    target_precompile_headers(${holder} PRIVATE "${CMAKE_SOURCE_DIR}/cmake/precompiled/${kind}.h")
  endif()
  target_precompile_headers(${target} REUSE_FROM ${holder})
endfunction()
