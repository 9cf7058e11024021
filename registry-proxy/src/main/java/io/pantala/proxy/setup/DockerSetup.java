package io.pantala.proxy.setup;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Docker: {@code daemon.json} for a mirror, the environment of its service for a proxy. */
final class DockerSetup {
    static final String FILE = "/etc/docker/daemon.json";
    private static final String MIRRORS = "registry-mirrors";

    private DockerSetup() {}

    static void draft(Draft draft, Mode mode, Target target) throws SetupException {
        switch (mode) {
            case MIRROR -> mirror(draft, target);
            case PROXY -> proxy(draft, target);
        }
    }

    private static void mirror(Draft draft, Target target) throws SetupException {
        refuseFlag(draft);
        Optional<String> text = draft.read(FILE);
        if (text.isEmpty() || text.get().isBlank()) {
            draft.insert(FILE, List.of(new Insertion(0, """
                    {
                      "%s": ["%s"]
                    }
                    """.formatted(MIRRORS, target.url()))));
        } else {
            JsonText json = JsonText.parse(FILE, text.get());
            draft.insert(FILE, json.prepend(MIRRORS, target.url()).stream().toList());
        }
        draft.step(
                "Docker asks mirrors for images of Docker Hub only, and pushes past them; --mode proxy takes in all");
    }

    /** Docker doesn't start when a flag and its file say the same thing. */
    private static void refuseFlag(Draft draft) throws SetupException {
        List<String> starters = new ArrayList<>(draft.list("/etc/systemd/system/docker.service.d", ".conf"));
        starters.add("/etc/systemd/system/docker.service");
        starters.add("/etc/default/docker");
        for (String starter : starters) {
            if (draft.read(starter).orElse("").contains("--registry-mirror")) {
                throw new SetupException(
                        starter + " gives --registry-mirror to dockerd, which takes that from one place"
                                + " only: move it to \"" + MIRRORS + "\" in " + FILE);
            }
        }
    }

    private static void proxy(Draft draft, Target target) throws SetupException {
        Optional<String> text = draft.read(FILE).filter(file -> !file.isBlank());
        if (text.isPresent()) {
            JsonNode proxies = JsonText.parse(FILE, text.get()).get("proxies");
            if (!proxies.isMissingNode() && !proxies.isEmpty()) {
                throw new SetupException(FILE + " names \"proxies\" already, which Docker prefers to its environment:"
                        + " take them out, and give them to Pantala as upstreams.NAME.proxy");
            }
        }
        ServiceEnvironment.draft(draft, target, Engine.DOCKER, "docker");
    }
}
