#include "exporters/web/request_head.h"

#include <gtest/gtest.h>

#include <random>

namespace nsobs {
namespace {

std::string Head(const std::string& headers, const std::string& version = "1.1") {
  return "GET / HTTP/" + version + "\r\n" + headers + "\r\n";
}

TEST(RequestHead, FindsItsEnd) {
  EXPECT_EQ(FindHeadEnd(""), std::string::npos);
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\n\r"), std::string::npos);
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\n\r\nGET"), 18u);
}

TEST(RequestHead, KeepsOnlyWhatIsKnown) {
  const auto head =
      ReadHead(Head("Host: a:1\r\nRange: bytes=0-,0-,0-\r\nExpect: 100-continue\r\nCookie: c\r\n"
                    "Accept-Encoding: br, gzip\r\nContent-Type: multipart/form-data\r\nX: y\r\n"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->text, "GET / HTTP/1.1\r\nHost: a:1\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_FALSE(head->close);
  EXPECT_FALSE(head->has_body);
}

TEST(RequestHead, WhatTheHeadersMean) {
  const struct {
    std::string head;
    bool close, body, gzip;
  } kCases[] = {
      {Head(""), false, false, false},
      {Head("", "1.0"), true, false, false},
      {Head("Connection: keep-alive\r\n", "1.0"), true, false, false},
      {Head("Connection: close\r\n"), true, false, false},
      {Head("CONNECTION:  Upgrade , Close \r\n"), true, false, false},
      {Head("Connection: keep-alive\r\n"), false, false, false},
      {Head("Content-Length: 0\r\n"), false, false, false},
      {Head("Content-Length: 5\r\n"), false, true, false},
      {Head("Content-Length: 0\r\nContent-Length: 5\r\n"), false, true, false},
      {Head("Content-Length: -1\r\n"), false, true, false},
      {Head("transfer-encoding: chunked\r\n"), false, true, false},
      {Head("Accept-Encoding: gzip\r\n"), false, false, true},
      {Head("Accept-Encoding: deflate, GZIP;q=0.5\r\n"), false, false, true},
      {Head("Accept-Encoding: gzip;q=0\r\n"), false, false, false},
      {Head("Accept-Encoding: gzip; q=0.000\r\n"), false, false, false},
      {Head("Accept-Encoding: br\r\n"), false, false, false},
      {Head("Accept-Encoding: xgzip\r\n"), false, false, false},
  };
  for (const auto& c : kCases) {
    const auto head = ReadHead(c.head);
    ASSERT_TRUE(head) << c.head;
    EXPECT_EQ(head->close, c.close) << c.head;
    EXPECT_EQ(head->has_body, c.body) << c.head;
    EXPECT_EQ(head->accepts_gzip, c.gzip) << c.head;
  }
}

TEST(RequestHead, Refused) {
  std::string many, long_line(kMaxRequestLineBytes, 'a');
  for (size_t i = 0; i <= kMaxHeaderLines; ++i) many += "A: b\r\n";
  const std::string kCases[] = {
      "",
      "\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1 \r\n\r\n",
      Head("no colon\r\n"),
      Head("A: b\r\n folded\r\n"),
      Head(" folded: first\r\n"),
      Head("A: b\nB: c\r\n"),
      Head("A: b\rB: c\r\n"),
      Head(std::string("A: \0\r\n", 6)),
      Head("A: \x1b\r\n"),
      Head(many),
      "GET /" + long_line + " HTTP/1.1\r\n\r\n",
      Head("A: " + std::string(kMaxHeadBytes, 'a') + "\r\n"),
  };
  for (const std::string& head : kCases) EXPECT_FALSE(ReadHead(head)) << head.substr(0, 60);
}

TEST(RequestHead, WhatComesOutIsAlwaysPlain) {
  std::mt19937 random(1);
  constexpr char kAlphabet[] = "GET / HTTP/1.1\r\n:;,=q0gzip \t\0\x7F\x80\xFFHost";
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = round % 2 ? "GET / HTTP/1.1\r\nHost:" : "";
    for (size_t n = random() % 200; n > 0; --n) {
      bytes += kAlphabet[random() % (sizeof(kAlphabet) - 1)];
    }
    const size_t end = FindHeadEnd(bytes);
    const auto head = ReadHead(bytes.substr(0, end));
    if (!head) continue;
    ASSERT_LE(head->text.size(), bytes.size() + 64);
    ASSERT_EQ(head->text.find("\r\n\r\n"), head->text.size() - 4) << "one head, nothing behind it";
    for (size_t i = 0; i < head->text.size(); ++i) {
      if (head->text[i] == '\n') {
        ASSERT_EQ(head->text[i - 1], '\r');
      }
    }
  }
}

}  // namespace
}  // namespace nsobs
