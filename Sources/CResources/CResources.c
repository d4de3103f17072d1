// Files that other tools read and check, made a part of the program by the compiler: it runs without
// anything beside it, and each of them exists once. The compiler also tells the build which files it
// has taken in, so an edit of one is an edit of this file.
//
// Paths are relative to this file. A test holds the list to the folders.
#include "CResources.h"

static const struct wavetank_resource resources[] = {
    {"console/page.html", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/page.html" suffix(, 0)
    }},
    {"console/style.css", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/style.css" suffix(, 0)
    }},
    {"console/dom.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/dom.mjs" suffix(, 0)
    }},
    {"console/api.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/api.mjs" suffix(, 0)
    }},
    {"console/router.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/router.mjs" suffix(, 0)
    }},
    {"console/services.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/services.mjs" suffix(, 0)
    }},
    {"console/query.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/query.mjs" suffix(, 0)
    }},
    {"console/model.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/model.mjs" suffix(, 0)
    }},
    {"console/rowlist.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/rowlist.mjs" suffix(, 0)
    }},
    {"console/live.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/live.mjs" suffix(, 0)
    }},
    {"console/clock.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/clock.mjs" suffix(, 0)
    }},
    {"console/scale.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/scale.mjs" suffix(, 0)
    }},
    {"console/schema.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/schema.mjs" suffix(, 0)
    }},
    {"console/why.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/why.mjs" suffix(, 0)
    }},
    {"console/snippets.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/snippets.mjs" suffix(, 0)
    }},
    {"console/first.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/first.mjs" suffix(, 0)
    }},
    {"console/journal.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/journal.mjs" suffix(, 0)
    }},
    {"console/exchange.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/exchange.mjs" suffix(, 0)
    }},
    {"console/editor.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/editor.mjs" suffix(, 0)
    }},
    {"console/rules.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/rules.mjs" suffix(, 0)
    }},
    {"console/gallery.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/gallery.mjs" suffix(, 0)
    }},
    {"console/scenario.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/scenario.mjs" suffix(, 0)
    }},
    {"console/tenants.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/tenants.mjs" suffix(, 0)
    }},
    {"console/numbers.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/numbers.mjs" suffix(, 0)
    }},
    {"console/time.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/time.mjs" suffix(, 0)
    }},
    {"console/demo.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/demo.mjs" suffix(, 0)
    }},
    {"console/palette.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/palette.mjs" suffix(, 0)
    }},
    {"console/presenter.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/presenter.mjs" suffix(, 0)
    }},
    {"console/main.mjs", (const unsigned char[]){
#embed "../ControlPlane/Console/Page/main.mjs" suffix(, 0)
    }},
    {"console/steamship.mjs", (const unsigned char[]){
#embed "../SteamshipEmulator/Console/steamship.mjs" suffix(, 0)
    }},
    {"console/scramjet.mjs", (const unsigned char[]){
#embed "../ScramjetEmulator/Console/scramjet.mjs" suffix(, 0)
    }},
    {"console/shipyard.mjs", (const unsigned char[]){
#embed "../ShipyardEmulator/Console/shipyard.mjs" suffix(, 0)
    }},
    {"scenarios/bad-credentials.json", (const unsigned char[]){
#embed "../../Scenarios/bad-credentials.json" suffix(, 0)
    }},
    {"scenarios/brown-out.json", (const unsigned char[]){
#embed "../../Scenarios/brown-out.json" suffix(, 0)
    }},
    {"scenarios/certificate-trouble.json", (const unsigned char[]){
#embed "../../Scenarios/certificate-trouble.json" suffix(, 0)
    }},
    {"scenarios/corrupt-downloads.json", (const unsigned char[]){
#embed "../../Scenarios/corrupt-downloads.json" suffix(, 0)
    }},
    {"scenarios/demo.json", (const unsigned char[]){
#embed "../../Scenarios/demo.json" suffix(, 0)
    }},
    {"scenarios/duplicate-on-retry.json", (const unsigned char[]){
#embed "../../Scenarios/duplicate-on-retry.json" suffix(, 0)
    }},
    {"scenarios/failing-half-way.json", (const unsigned char[]){
#embed "../../Scenarios/failing-half-way.json" suffix(, 0)
    }},
    {"scenarios/flaky-network.json", (const unsigned char[]){
#embed "../../Scenarios/flaky-network.json" suffix(, 0)
    }},
    {"scenarios/fleet-retries.json", (const unsigned char[]){
#embed "../../Scenarios/fleet-retries.json" suffix(, 0)
    }},
    {"scenarios/harbor-day.json", (const unsigned char[]){
#embed "../../Scenarios/harbor-day.json" suffix(, 0)
    }},
    {"scenarios/hub-crash.json", (const unsigned char[]){
#embed "../../Scenarios/hub-crash.json" suffix(, 0)
    }},
    {"scenarios/overloaded-uploads.json", (const unsigned char[]){
#embed "../../Scenarios/overloaded-uploads.json" suffix(, 0)
    }},
    {"scenarios/rate-limited.json", (const unsigned char[]){
#embed "../../Scenarios/rate-limited.json" suffix(, 0)
    }},
    {"scenarios/slow-tasks.json", (const unsigned char[]){
#embed "../../Scenarios/slow-tasks.json" suffix(, 0)
    }},
    {"scenarios/stalled-reader.json", (const unsigned char[]){
#embed "../../Scenarios/stalled-reader.json" suffix(, 0)
    }},
    {"scenarios/store-full.json", (const unsigned char[]){
#embed "../../Scenarios/store-full.json" suffix(, 0)
    }},
    {"scenarios/webhook-storm.json", (const unsigned char[]){
#embed "../../Scenarios/webhook-storm.json" suffix(, 0)
    }},
    {"cli/completions.bash", (const unsigned char[]){
#embed "../WavetankCLI/Texts/completions.bash" suffix(, 0)
    }},
    {"cli/completions.fish", (const unsigned char[]){
#embed "../WavetankCLI/Texts/completions.fish" suffix(, 0)
    }},
    {"cli/completions.zsh", (const unsigned char[]){
#embed "../WavetankCLI/Texts/completions.zsh" suffix(, 0)
    }},
    {"cli/wavetank.1", (const unsigned char[]){
#embed "../WavetankCLI/Texts/wavetank.1" suffix(, 0)
    }},
    {"init/Check.java", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/Check.java" suffix(, 0)
    }},
    {"init/check.go.txt", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/check.go.txt" suffix(, 0)
    }},
    {"init/check.sh", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/check.sh" suffix(, 0)
    }},
    {"init/github.yml", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/github.yml" suffix(, 0)
    }},
    {"init/gitlab.yml", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/gitlab.yml" suffix(, 0)
    }},
    {"init/node.mjs", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/node.mjs" suffix(, 0)
    }},
    {"init/plain.py", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/plain.py" suffix(, 0)
    }},
    {"init/scenario.json", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/scenario.json" suffix(, 0)
    }},
    {"init/scramjet.py", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/scramjet.py" suffix(, 0)
    }},
    {"init/shipyard.py", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/shipyard.py" suffix(, 0)
    }},
    {"init/steamship.py", (const unsigned char[]){
#embed "../WavetankCLI/Texts/init/steamship.py" suffix(, 0)
    }},
    {"code/steamship_runner.py", (const unsigned char[]){
#embed "../CodeRuntime/Runners/steamship_runner.py" suffix(, 0)
    }},
    {"code/sequence_runner.js", (const unsigned char[]){
#embed "../CodeRuntime/Runners/sequence_runner.js" suffix(, 0)
    }},
    {"code/sequence_runner.py", (const unsigned char[]){
#embed "../CodeRuntime/Runners/sequence_runner.py" suffix(, 0)
    }},
    {0, 0},
};

const struct wavetank_resource *wavetank_resources(void) { return resources; }
