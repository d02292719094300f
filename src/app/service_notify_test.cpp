#include "app/service_notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace colonnade::app {
namespace {

// A supervisor's end of the socket, in the abstract namespace ("@…") or as a file.
class Supervisor {
 public:
  explicit Supervisor(const std::string& name) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Supervisor() { ::close(fd_); }
  std::string receive() const {
    char buffer[256];
    const ssize_t count = ::recv(fd_, buffer, sizeof buffer, 0);
    return count < 0 ? "" : std::string(buffer, static_cast<std::size_t>(count));
  }

 private:
  int fd_;
};

TEST(ServiceNotify, SendsOneDatagram) {
  const std::string name = "@colonnade-notify-" + std::to_string(::getpid());
  const Supervisor supervisor(name);
  EXPECT_TRUE(notify_service(Environment({{"NOTIFY_SOCKET", name}}), "READY=1"));
  EXPECT_EQ(supervisor.receive(), "READY=1");
}

TEST(ServiceNotify, AFileWorksToo) {
  const std::string name = testing::TempDir() + "notify-" + std::to_string(::getpid());
  {
    const Supervisor supervisor(name);
    EXPECT_TRUE(notify_service(Environment({{"NOTIFY_SOCKET", name}}), "STOPPING=1"));
    EXPECT_EQ(supervisor.receive(), "STOPPING=1");
  }
  ::unlink(name.c_str());
}

TEST(ServiceNotify, NobodyAskedOrNobodyListens) {
  EXPECT_FALSE(notify_service(Environment{}, "READY=1"));
  EXPECT_FALSE(notify_service(Environment({{"NOTIFY_SOCKET", "@nobody-here"}}), "READY=1"));
  EXPECT_FALSE(notify_service(Environment({{"NOTIFY_SOCKET", "relative"}}), "READY=1"));
  EXPECT_FALSE(
      notify_service(Environment({{"NOTIFY_SOCKET", "/" + std::string(200, 'x')}}), "READY=1"));
}

}  // namespace
}  // namespace colonnade::app
