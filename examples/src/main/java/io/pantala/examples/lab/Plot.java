package io.pantala.examples.lab;

import io.pantala.examples.rig.Spread;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Lines over a number of hosts, as an SVG that needs no fonts, scripts or libraries. Both axes begin at 0. */
record Plot(String title, String yAxis, List<Line> lines) {
    private static final int WIDTH = 720;
    private static final int HEIGHT = 420;
    private static final int LEFT = 64;
    private static final int RIGHT = 190;
    private static final int TOP = 48;
    private static final int BOTTOM = 52;
    private static final int TICKS = 6;
    private static final int LABEL_HEIGHT = 16;

    private static final String STYLE = """
            text { fill: #1f3a4d; font-size: 13px; }
            .title { font-size: 15px; font-weight: 600; }
            .axis { stroke: #4b6472; fill: none; } .grid { stroke: #e3eaee; }
            .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; } .spread { stroke-width: 1.2; }
            """;

    Plot {
        lines = lines.stream().filter(line -> !line.points().isEmpty()).toList();
        if (lines.isEmpty()) {
            throw new IllegalArgumentException("nothing is to be drawn");
        }
    }

    /** One line, with a dot for each point unless it is a calculated one. */
    record Line(String name, Look look, List<Point> points) {
        Line {
            points = List.copyOf(points);
        }
    }

    /** What several runs with so many hosts gave. */
    record Point(int hosts, Spread value) {
        /** What was calculated. */
        static Point of(int hosts, double value) {
            return new Point(hosts, new Spread(value, value, value));
        }
    }

    /** Of a line; told apart without colours, too. */
    enum Look {
        PANTALA("#0b7a75", "", true),
        NATIVE("#b3541e", "", true),
        BOUND("#4b6472", "5 4", false),
        NATIVE_BOUND("#b3541e", "2 4", false),
        SECOND("#3a66a8", "", true),
        THIRD("#8a4f9e", "", true);

        private final String colour;
        private final String dashes;
        private final boolean dots;

        Look(String colour, String dashes, boolean dots) {
            this.colour = colour;
            this.dashes = dashes;
            this.dots = dots;
        }
    }

    /** The whole file. */
    String svg() {
        Axis x = Axis.upTo(lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(Point::hosts)
                .max()
                .orElseThrow());
        Axis y = Axis.upTo(lines.stream()
                .flatMap(line -> line.points().stream())
                .mapToDouble(point -> point.value().most())
                .max()
                .orElseThrow());
        StringBuilder svg = new StringBuilder();
        svg.append(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"system-ui, -apple-system,"
                        + " 'Segoe UI', Helvetica, Arial, sans-serif\" role=\"img\">\n<title>%s</title>\n<style>\n%s</style>\n",
                WIDTH,
                HEIGHT,
                escape(title),
                STYLE));
        svg.append(String.format(Locale.ROOT, "<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", WIDTH, HEIGHT));
        svg.append(text(LEFT, TOP - 22, "start", "title", title));
        frame(svg, x, y);
        lines.forEach(line -> draw(svg, x, y, line));
        labels(svg, y);
        return svg.append("</svg>\n").toString();
    }

    private void frame(StringBuilder svg, Axis x, Axis y) {
        for (int i = 0; i * y.step() <= y.end() * 1.0001; i++) {
            double at = top(y, i * y.step());
            svg.append(String.format(
                    Locale.ROOT,
                    "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>\n",
                    LEFT,
                    at,
                    WIDTH - RIGHT,
                    at));
            svg.append(text(LEFT - 8, at + 4, "end", "", tick(i * y.step())));
        }
        for (int i = 0; i * x.step() <= x.end() * 1.0001; i++) {
            svg.append(
                    text(left(x, i * x.step()), HEIGHT - BOTTOM + LABEL_HEIGHT + 2, "middle", "", tick(i * x.step())));
        }
        svg.append(String.format(
                Locale.ROOT,
                "<path class=\"axis\" d=\"M%d %d V%d H%d\"/>\n",
                LEFT,
                TOP,
                HEIGHT - BOTTOM,
                WIDTH - RIGHT));
        svg.append(text((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 12, "middle", "", "hosts"));
        svg.append(String.format(
                Locale.ROOT,
                "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
                (TOP + HEIGHT - BOTTOM) / 2,
                escape(yAxis)));
    }

    private static void draw(StringBuilder svg, Axis x, Axis y, Line line) {
        Look look = line.look();
        List<String> corners = line.points().stream()
                .map(point -> String.format(
                        Locale.ROOT,
                        "%.1f,%.1f",
                        left(x, point.hosts()),
                        top(y, point.value().median())))
                .toList();
        svg.append(String.format(
                Locale.ROOT,
                "<polyline class=\"line\" stroke=\"%s\"%s points=\"%s\"/>\n",
                look.colour,
                look.dashes.isEmpty() ? "" : " stroke-dasharray=\"" + look.dashes + "\"",
                String.join(" ", corners)));
        if (!look.dots) {
            return;
        }
        for (Point point : line.points()) {
            double at = left(x, point.hosts());
            svg.append(String.format(
                    Locale.ROOT,
                    "<line class=\"spread\" stroke=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
                            + "<circle r=\"3.2\" fill=\"%s\" cx=\"%.1f\" cy=\"%.1f\"/>\n",
                    look.colour,
                    at,
                    top(y, point.value().least()),
                    at,
                    top(y, point.value().most()),
                    look.colour,
                    at,
                    top(y, point.value().median())));
        }
    }

    /** Each beside its line's end, and below one another where they would overlap. */
    private void labels(StringBuilder svg, Axis y) {
        List<Line> fromTop = new ArrayList<>(lines);
        fromTop.sort((one, other) -> Double.compare(end(other), end(one)));
        double below = 0;
        for (Line line : fromTop) {
            double at = Math.max(top(y, end(line)) + 4, below);
            svg.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%.1f\" style=\"fill: %s\">%s</text>\n",
                    WIDTH - RIGHT + 10,
                    at,
                    line.look().colour,
                    escape(line.name())));
            below = at + LABEL_HEIGHT;
        }
    }

    private static double end(Line line) {
        return line.points().getLast().value().median();
    }

    private static double left(Axis x, double value) {
        return LEFT + value / x.end() * (WIDTH - LEFT - RIGHT);
    }

    private static double top(Axis y, double value) {
        return HEIGHT - BOTTOM - value / y.end() * (HEIGHT - TOP - BOTTOM);
    }

    private static String text(double x, double y, String anchor, String style, String text) {
        return String.format(
                Locale.ROOT,
                "<text%s x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
                style.isEmpty() ? "" : " class=\"" + style + "\"",
                x,
                y,
                anchor,
                escape(text));
    }

    private static String tick(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.2f", value);
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /**
     * From 0.
     *
     * @param end a multiple of the step
     */
    record Axis(double end, double step) {
        /** So that nothing but zeros can be drawn, too. */
        private static final double LEAST = 1e-3;

        /** One with a few ticks at round numbers, on which a value has its place. */
        static Axis upTo(double most) {
            double end = Math.max(most, LEAST);
            double rough = end / TICKS;
            double power = Math.pow(10, Math.floor(Math.log10(rough)));
            double step = 10 * power;
            for (double round : new double[] {5, 2, 1}) {
                if (round * power >= rough) {
                    step = round * power;
                }
            }
            return new Axis(Math.ceil(end / step - 1e-9) * step, step);
        }
    }
}
