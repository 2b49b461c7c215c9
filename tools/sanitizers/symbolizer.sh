# To be sourced: tells the sanitizers who turns addresses into names and lines. Debian's clang-19 looks for one only
# in its own folder, where none is; without it a report is a list of numbers.
if symbolizer=$(command -v llvm-symbolizer); then
  export ASAN_SYMBOLIZER_PATH=$symbolizer UBSAN_SYMBOLIZER_PATH=$symbolizer TSAN_SYMBOLIZER_PATH=$symbolizer
fi
