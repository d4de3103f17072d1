// Files that other tools read and check, made a part of the program by the compiler: it runs without
// anything beside it, and each of them exists once. The compiler also tells the build which files it
// has taken in, so an edit of one is an edit of this file.
//
// Paths are relative to this file. A test holds the list to the folders.
#include "CResources.h"

static const struct wavetank_resource resources[] = {
    {"console/page.html", (const unsigned char[]){
#embed "../ControlPlane/Console/page.html" suffix(, 0)
    }},
    {"console/style.css", (const unsigned char[]){
#embed "../ControlPlane/Console/style.css" suffix(, 0)
    }},
    {"console/core.js", (const unsigned char[]){
#embed "../ControlPlane/Console/core.js" suffix(, 0)
    }},
    {"console/views.js", (const unsigned char[]){
#embed "../ControlPlane/Console/views.js" suffix(, 0)
    }},
    {"console/live.js", (const unsigned char[]){
#embed "../ControlPlane/Console/live.js" suffix(, 0)
    }},
    {"console/steamship.js", (const unsigned char[]){
#embed "../SteamshipEmulator/Console/steamship.js" suffix(, 0)
    }},
    {"console/scramjet.js", (const unsigned char[]){
#embed "../ScramjetEmulator/Console/scramjet.js" suffix(, 0)
    }},
    {"console/shipyard.js", (const unsigned char[]){
#embed "../ShipyardEmulator/Console/shipyard.js" suffix(, 0)
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
