// The one file that compiles Beast's bodies.
#include <boost/beast/src.hpp>
