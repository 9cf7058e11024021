package io.pantala.proxy.setup;

import java.util.Collection;
import java.util.List;

/** What makes engines read what has changed, where they don't look again by themselves. */
final class Restarts {
    private static final String UNITS = "/etc/systemd/system/";

    private Restarts() {}

    /**
     * What is left to the user to do, a line each.
     *
     * @param changed the paths of the files that have changed
     */
    static List<String> after(Engine engine, Collection<String> changed) {
        return switch (engine) {
            case DOCKER ->
                service("docker", changed)
                        ? restartService("docker")
                        : changed.contains(DockerSetup.FILE)
                                ? List.of(
                                        "systemctl reload docker    (running containers go on; no systemd: send dockerd"
                                                + " a SIGHUP)")
                                : List.of();
            case CONTAINERD ->
                service("containerd", changed)
                        ? restartService("containerd")
                        : changed.contains(ContainerdSetup.FILE)
                                ? List.of("systemctl restart containerd    (running containers go on)")
                                : List.of();
            case CRIO ->
                service("crio", changed)
                        ? restartService("crio")
                        : changed.isEmpty() ? List.of() : List.of("systemctl reload crio");
            case BUILDKIT ->
                service("buildkit", changed)
                        ? restartService("buildkit")
                        : changed.contains(BuildkitSetup.FILE)
                                ? List.of("systemctl restart buildkit, or create the builder anew with --config "
                                        + BuildkitSetup.FILE)
                                : List.of();
            // Nothing of it runs between two commands.
            case PODMAN -> List.of();
        };
    }

    private static boolean service(String unit, Collection<String> changed) {
        return changed.stream().anyMatch(path -> path.startsWith(UNITS + unit + ".service.d/"));
    }

    private static List<String> restartService(String unit) {
        return List.of("systemctl daemon-reload && systemctl restart " + unit);
    }
}
