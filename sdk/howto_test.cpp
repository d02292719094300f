// The how-to page shows parts of the examples; this keeps them identical.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string file(const std::string& path) {
  std::ifstream in(std::string(COLONNADE_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(in) << path;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// What stands between two `// [name]` lines.
std::string part(const std::string& text, const std::string& name) {
  const std::string mark = "// [" + name + "]\n";
  const auto begin = text.find(mark);
  const auto end = text.find(mark, begin + 1);
  EXPECT_NE(end, std::string::npos) << name;
  return text.substr(begin + mark.size(), end - begin - mark.size());
}

// How many snippets a page has, each compared with its example.
int check_snippets(const std::string& page_path) {
  const std::string page = file(page_path);
  int snippets = 0;
  for (auto at = page.find("<!-- "); at != std::string::npos; at = page.find("<!-- ", at + 1)) {
    std::istringstream words(page.substr(at + 5));
    std::string path;
    std::string name;
    words >> path >> name;
    const auto begin = page.find("```cpp\n", at) + 7;
    const auto end = page.find("```", begin);
    EXPECT_EQ(page.substr(begin, end - begin), part(file(path), name)) << path << ' ' << name;
    ++snippets;
  }
  return snippets;
}

TEST(Howto, snippets_are_the_examples) {
  EXPECT_EQ(check_snippets("docs/howto/use-the-fathom-sdk.md"), 5);
  EXPECT_EQ(check_snippets("docs/howto/use-the-faramesh-sdk.md"), 7);
  EXPECT_EQ(check_snippets("docs/howto/use-the-phoson-sdk.md"), 6);
  EXPECT_EQ(check_snippets("docs/howto/use-the-platos-sdk.md"), 22);
  EXPECT_EQ(check_snippets("docs/howto/use-the-tandem-sdk.md"), 15);
}

}  // namespace
