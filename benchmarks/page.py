"""``python -m benchmarks.page``: the page's weight and first paint on loopback: medians of visits without a cache."""

from __future__ import annotations

import statistics

from samples.screenshots import chromium, serving

VISITS = 7


def main() -> None:
    weights, paints, ready = [], [], []
    with chromium() as browser, serving() as address:
        print(f"Chromium {browser.version}")
        for _ in range(VISITS):
            context = browser.new_context(viewport={"width": 1280, "height": 800})
            page = context.new_page()
            network = context.new_cdp_session(page)
            network.send("Network.enable")
            loaded: list[float] = []
            network.on(
                "Network.loadingFinished", lambda event, loaded=loaded: loaded.append(event["encodedDataLength"])
            )
            page.goto(address, wait_until="networkidle")
            paints.append(page.evaluate("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"))
            ready.append(page.evaluate("() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
            weights.append(sum(loaded))
            context.close()
    print(f"weight            {statistics.median(weights) / 1000:7.1f} kB in {len(loaded)} answers (goal < 150 kB)")
    print(f"first paint       {statistics.median(paints):7.0f} ms, slowest {max(paints):.0f} ms (goal < 500 ms)")
    print(f"scripts have run  {statistics.median(ready):7.0f} ms")


if __name__ == "__main__":
    main()
