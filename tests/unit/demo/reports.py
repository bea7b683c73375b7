"""Reports as ab 2.3 (httpd 2.4) prints them."""

from collections.abc import Mapping

BORNE = """\
This is ApacheBench, Version 2.3 <$Revision$>

Benchmarking 10.96.33.85 (be patient).....done


Server Software:        BaseHTTP/0.6
Server Hostname:        10.96.33.85
Server Port:            80

Document Path:          /1
Document Length:        1 bytes

Concurrency Level:      30
Time taken for tests:   90.057 seconds
Complete requests:      1716
Failed requests:        0
Total transferred:      260832 bytes
HTML transferred:       1716 bytes
Requests per second:    19.05 [#/sec] (mean)
Time per request:       1574.422 [ms] (mean)
Time per request:       52.481 [ms] (mean, across all concurrent requests)
Transfer rate:          2.83 [Kbytes/sec] received

Connection Times (ms)
              min  mean[+/-sd] median   max
Connect:        0    0   1.3      0      17
Processing:   101 1568 861.3   1573    3230
Waiting:      100 1551 863.7   1572    3230
Total:        101 1568 861.3   1573    3230

Percentage of the requests served within a certain time (ms)
  50%   1573
  66%   2119
  75%   2310
  80%   2403
  90%   2742
  95%   2928
  98%   3030
  99%   3126
 100%   3230 (longest request)
"""
"""Two replicas without a liveness probe."""

KILLED = """\
Benchmarking 10.96.114.13 (be patient).....done


Server Software:        BaseHTTP/0.6
Server Hostname:        10.96.114.13
Server Port:            80

Document Path:          /1
Document Length:        1 bytes

Concurrency Level:      30
Time taken for tests:   90.014 seconds
Complete requests:      1855
Failed requests:        481
   (Connect: 0, Receive: 179, Length: 182, Exceptions: 120)
Total transferred:      254296 bytes
HTML transferred:       1673 bytes
Requests per second:    20.61 [#/sec] (mean)

Percentage of the requests served within a certain time (ms)
  50%   1281
  99%   3129
 100%   3352 (longest request)
"""
"""The same with the default liveness probe: three kills. Each answer is of one byte, and 1673 were transferred."""


def report(
    *,
    complete: int,
    parts: Mapping[str, int],
    refused: int = 0,
    clients: int = 1,
    milliseconds: int = 0,
    percentiles: Mapping[int, int] | None = None,
) -> str:
    """A report as ab prints it; *parts* has Connect, Receive, Length and Exceptions."""
    lines = [
        "Document Length:        1 bytes",
        "",
        f"Concurrency Level:      {clients}",
        f"Time taken for tests:   {milliseconds // 1000}.{milliseconds % 1000:03} seconds",
        f"Complete requests:      {complete}",
        f"Failed requests:        {sum(parts.values())}",
    ]
    if sum(parts.values()):
        lines.append(f"   ({', '.join(f'{name}: {count}' for name, count in parts.items())})")
    if refused:
        lines.append(f"Non-2xx responses:      {refused}")
    lines += [f" {percent:3}%  {value:5}" for percent, value in (percentiles or {}).items()]
    return "\n".join(lines) + "\n"
