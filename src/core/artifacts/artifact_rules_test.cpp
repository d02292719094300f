#include "core/artifacts/artifact_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/artifacts/artifacts.hpp"
#include "core/artifacts/limits.hpp"

namespace colonnade::core {
namespace {

using base::ErrorKind;
using namespace std::string_view_literals;

struct Vector {
  ArtifactKind kind;
  std::string_view content;
  bool sound;
};

constexpr ArtifactKind html = ArtifactKind::html;
constexpr ArtifactKind svg = ArtifactKind::svg;
constexpr ArtifactKind image = ArtifactKind::image;
constexpr ArtifactKind json = ArtifactKind::json;

constexpr Vector vectors[] = {
    // What may be.
    {html, "<h1>Digest</h1><p class=\"on\">It goes on.</p>", true},
    {html, "<p>Press the button <b>on</b> = off</p>", true},
    {html, "<a href=\"https://example.org/?a=1&b=2\">a description</a>", true},
    {html, "<p>1 &lt; 2 &amp;&amp; 3 &gt; 2</p>", true},
    {html, "", true},
    {svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>", true},
    {ArtifactKind::markdown, "<script>alert(1)</script> is shown as text", true},
    {ArtifactKind::code, "el.onclick = () => location = 'javascript:0'", true},
    {ArtifactKind::csv, "a,b\n1,2\n", true},

    // Script elements.
    {html, "<script>alert(1)</script>", false},
    {html, "<ScRiPt src=//x>", false},
    {html, "<p></script\n>", false},
    {html, "<script/x>1</script>", false},
    {html, "<scripts>", false},  // whatever begins like one
    {html, "<\tscript>", false},
    {html, "<iframe srcdoc=\"&lt;script&gt;alert(1)&lt;/script&gt;\">", false},
    {html, "<iframe srcdoc=\"&#60;script>\">", false},
    {html, "<iframe srcdoc=\"&#x3C;script>\">", false},
    {html, "<iframe srcdoc=\"&#0000060script\">", false},
    {html, "<iframe srcdoc=\"&amp;lt;script\">", false},  // decoded twice
    {svg, "<svg><script xlink:href=\"x\"/></svg>", false},
    {svg, "<svg:svg><svg:script>1</svg:script></svg:svg>", false},

    // Handlers.
    {html, "<img src=x onerror=alert(1)>", false},
    {html, "<img src=x OnError = \"alert(1)\">", false},
    {html, "<img src=x onerror\n\t=\nalert(1)>", false},
    {html, "<img src=\"x\"onerror=alert(1)>", false},
    {html, "<img src='x'onerror=alert(1)>", false},
    {html, "<svg/onload=alert(1)>", false},
    {html, "<img alt=\">\" onerror=alert(1)>", false},
    {html, "<body\fonpageshow=alert(1)>", false},
    {html, "<img src=x on&#101;rror=alert(1)>", false},
    {html, "<img src=x onerror&equals;alert(1)>", false},
    {svg, "<svg onload=\"alert(1)\">", false},
    {svg, "<svg><set attributeName=\"onclick\" to=\"alert(1)\"/></svg>", false},
    {svg, "<svg><animate attributeName = 'onload' to=\"x\"/></svg>", false},

    // URLs that run.
    {html, "<a href=\"javascript:alert(1)\">x</a>", false},
    {html, "<a href=\"JaVaScRiPt:alert(1)\">x</a>", false},
    {html, "<a href=\" java\tscript\n:alert(1)\">x</a>", false},
    {html, "<a href=\"\x01javascript:alert(1)\">x</a>", false},
    {html, "<a href=\"&#106;avascript:alert(1)\">x</a>", false},
    {html, "<a href=\"&#x6A;avascript&colon;alert(1)\">x</a>", false},
    {html, "<a href=\"java&Tab;script:alert(1)\">x</a>", false},
    {html, "<a href=\"java&NewLine;script&#58alert(1)\">x</a>", false},
    {html, "<a href=\"vbscript:msgbox(1)\">x</a>", false},
    {svg, "<svg><a xlink:href=\"javascript:alert(1)\"/></svg>", false},

    // json.
    {json, R"({"a":[1,2,null]})", true},
    {json, "\"a text\"", true},
    {json, "", false},
    {json, "{", false},
    {json, R"({"a":1} {"b":2})", false},
    {json, "{'a':1}", false},

    // image.
    {image, "data:image/png;base64,iVBORw0KGgo=", true},
    {image, "DATA:IMAGE/PNG;base64,iVBORw0KGgo=\n", true},
    {image, "attachment:0190c4a2f3d47b8e9a1b2c3d4e5f6a7b", true},
    {image, "attachment:", false},
    {image, "attachment:../secrets.key", false},
    {image, "https://example.org/a.png", false},
    {image, "data:text/html;base64,PGI+", false},
    {image, "data:image/svg+xml,<svg onload=alert(1)>", false},
    {image, "data:image/png", false},
    {image, "", false},
};

TEST(ArtifactRules, Vectors) {
  for (const Vector& each : vectors) {
    const auto judged = check_artifact(each.kind, each.content);
    EXPECT_EQ(judged.has_value(), each.sound)
        << to_string(each.kind) << ": " << each.content
        << (judged ? "" : " (" + judged.error().message + ")");
    if (judged) continue;
    EXPECT_EQ(judged.error().kind, ErrorKind::invalid);
    EXPECT_EQ(judged.error().field, "content");
  }
}

TEST(ArtifactRules, AnErrorSaysWhatToLeaveOut) {
  const auto handler = check_artifact(html, "<b onmouseover=x>");
  ASSERT_FALSE(handler);
  EXPECT_NE(handler.error().message.find("'onmouseover'"), std::string::npos);
  EXPECT_EQ(check_artifact(json, "{").error().message.find("json artifact does not parse"), 0U);
}

TEST(ArtifactRules, TheContentHasALimit) {
  const std::string most(limits::artifact_content_bytes_max, 'x');
  for (const ArtifactKind kind : {ArtifactKind::markdown, html, svg}) {
    EXPECT_TRUE(check_artifact(kind, most));
    const auto refused = check_artifact(kind, most + "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
  }
}

TEST(ArtifactRules, TextThatIsNoUtf8IsRefused) {
  EXPECT_FALSE(check_artifact(ArtifactKind::markdown, "a\xff"));
  EXPECT_FALSE(check_artifact(html, "<b>\xc0\xbc</b>"));
}

TEST(ArtifactPieces, AreCutBetweenCharactersAndLoseNothing) {
  const std::string text = "aé漢😀" + std::string(10, 'b');
  for (const std::size_t bytes : {4U, 5U, 7U, 100U}) {
    std::string joined;
    for (const std::string& piece : pieces_of(text, bytes)) {
      EXPECT_LE(piece.size(), bytes);
      EXPECT_TRUE(check_artifact(ArtifactKind::markdown, piece)) << piece;
      joined += piece;
    }
    EXPECT_EQ(joined, text);
  }
  EXPECT_TRUE(pieces_of("", 10).empty());
}

}  // namespace
}  // namespace colonnade::core
