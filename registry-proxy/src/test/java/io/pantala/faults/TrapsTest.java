package io.pantala.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The table of traps names tests that exist. */
class TrapsTest {
    private static final Pattern ROW = Pattern.compile("(?m)^\\| ([0-9]+) \\|.*\\|([^|]*)\\|$");
    private static final Pattern NAME = Pattern.compile("`([A-Za-z0-9]+)\\.([A-Za-z0-9]+)`");

    @Test
    void everyTrapHasATest() throws IOException {
        var tests = new TreeMap<Integer, List<MatchResult>>();
        ROW.matcher(Files.readString(Path.of("../docs/traps.md")))
                .results()
                .forEach(row -> tests.put(
                        Integer.valueOf(row.group(1)),
                        NAME.matcher(row.group(2)).results().toList()));

        assertThat(tests.keySet())
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 30).boxed().toList());
        assertThat(tests.values()).allSatisfy(named -> assertThat(named).isNotEmpty());
        for (MatchResult test : tests.values().stream().flatMap(List::stream).toList()) {
            assertThat(source(test.group(1))).contains("void " + test.group(2) + "(");
        }
    }

    private static String source(String testClass) throws IOException {
        for (String module : List.of("manifest", "peer-transport", "seed-node", "registry-proxy")) {
            try (Stream<Path> files = Files.walk(Path.of("..", module, "src", "test", "java"))) {
                List<Path> found =
                        files.filter(file -> file.endsWith(testClass + ".java")).toList();
                if (!found.isEmpty()) {
                    return Files.readString(found.getFirst());
                }
            }
        }
        throw new AssertionError("there is no " + testClass);
    }
}
