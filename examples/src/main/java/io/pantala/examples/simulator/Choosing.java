package io.pantala.examples.simulator;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The design that was not chosen: the seed hands out sources, hosts tell those what they have got, and each fetches what
 * is rarest among them. The seed sends what it has sent least, which it alone can know.
 */
final class Choosing implements Design {
    private static final int NEIGHBOURS = 20;
    private static final int SLOTS = 6;
    private static final int WINDOW = 64;

    /** Blocks that a host asks one source for at once. */
    private static final int AT_ONE = 2;

    private final World world;
    private final Random random;
    private final int blocks;
    private final @Nullable Node[] nodes;
    private final List<Node> present = new ArrayList<>();
    private final int[] sent;
    private int seedNeighbours;
    private long messages;

    /** A host, what it has told its neighbours, and what they have told it. */
    private static final class Node {
        final Host host;
        final List<Node> neighbours = new ArrayList<>();
        final BitSet told;
        final BitSet asked;
        final int[] copies;
        final List<Fetch> open = new ArrayList<>();
        boolean knowsSeed;

        Node(Host host, int blocks) {
            this.host = host;
            this.told = new BitSet(blocks);
            this.asked = new BitSet(blocks);
            this.copies = new int[blocks];
        }

        int openAt(Host source) {
            int count = 0;
            for (Fetch fetch : open) {
                count += fetch.from == source ? 1 : 0;
            }
            return count;
        }

        boolean lacks(int block) {
            return !host.held.get(block) && !asked.get(block);
        }
    }

    Choosing(World world) {
        this.world = world;
        this.random = new Random(world.chance());
        this.blocks = world.scenario.layout().count();
        this.nodes = new Node[world.scenario.hosts()];
        this.sent = new int[blocks];
    }

    @Override
    public int downloads() {
        return SLOTS;
    }

    @Override
    public int uploads() {
        return SLOTS;
    }

    @Override
    public void seeded(int block) {
        present.stream().filter(node -> node.knowsSeed).toList().forEach(node -> world.afterDelay(() -> choose(node)));
    }

    @Override
    public void arrived(Host host) {
        Node node = new Node(host, blocks);
        nodes[host.index] = node;
        // Asked, and answered.
        messages += 2;
        world.afterDelay(() -> world.afterDelay(() -> introduce(node)));
    }

    private void introduce(Node node) {
        if (node.host.gone) {
            return;
        }
        for (int i = 0; i < NEIGHBOURS / 2 && !present.isEmpty(); i++) {
            Node other = present.get(random.nextInt(present.size()));
            if (!node.neighbours.contains(other)) {
                meet(node, other);
                meet(other, node);
            }
        }
        present.add(node);
        if (seedNeighbours < NEIGHBOURS) {
            seedNeighbours++;
            node.knowsSeed = true;
        }
        choose(node);
    }

    private static void meet(Node node, Node other) {
        node.neighbours.add(other);
        for (int block = other.told.nextSetBit(0); block >= 0; block = other.told.nextSetBit(block + 1)) {
            node.copies[block]++;
        }
    }

    @Override
    public void fetched(Fetch fetch) {
        Node node = node(fetch.to);
        node.open.remove(fetch);
        node.open.removeIf(other -> other.block == fetch.block);
        node.asked.clear(fetch.block);
        choose(node);
        world.afterDelay(() -> tell(node, fetch.block));
    }

    private void tell(Node node, int block) {
        if (!node.told.get(block)) {
            node.told.set(block);
            for (Node neighbour : node.neighbours) {
                neighbour.copies[block]++;
            }
            List.copyOf(node.neighbours).forEach(this::choose);
        }
    }

    @Override
    public void late(Fetch fetch) {
        // It may come from another as well.
        Node node = node(fetch.to);
        node.asked.clear(fetch.block);
        choose(node);
    }

    @Override
    public void failed(Fetch fetch) {
        Node node = node(fetch.to);
        node.open.remove(fetch);
        node.asked.clear(fetch.block);
        choose(node);
    }

    @Override
    public void left(Host host) {
        Node gone = node(host);
        present.remove(gone);
        if (gone.knowsSeed) {
            seedNeighbours--;
        }
        for (Node neighbour : List.copyOf(gone.neighbours)) {
            neighbour.neighbours.remove(gone);
            for (int block = gone.told.nextSetBit(0); block >= 0; block = gone.told.nextSetBit(block + 1)) {
                neighbour.copies[block]--;
            }
            messages += 2;
            present.remove(neighbour);
            introduce(neighbour);
        }
        gone.neighbours.clear();
    }

    private Node node(Host host) {
        Node node = nodes[host.index];
        if (node == null) {
            throw new IllegalStateException("nobody has come as host " + host.index);
        }
        return node;
    }

    private void choose(Node node) {
        while (!node.host.gone && node.open.size() < SLOTS && (chooseNew(node) || chooseRarest(node))) {
            // Until it has enough to do.
        }
    }

    private boolean chooseNew(Node node) {
        if (!node.knowsSeed || node.openAt(world.seed) > 0) {
            return false;
        }
        int best = -1;
        for (int block = 0; block < blocks; block++) {
            if (world.seed.held.get(block) && node.lacks(block) && (best < 0 || sent[block] < sent[best])) {
                best = block;
            }
        }
        if (best < 0) {
            return false;
        }
        sent[best]++;
        ask(node, best, world.seed);
        return true;
    }

    private boolean chooseRarest(Node node) {
        int near = node.host.prefix();
        int end = Math.min(blocks, near + WINDOW);
        return chooseAmong(node, near, end) || chooseAmong(node, end, blocks);
    }

    private boolean chooseAmong(Node node, int from, int to) {
        int rarest = -1;
        Node source = null;
        int size = to - from;
        int start = size < 1 ? 0 : random.nextInt(size);
        for (int i = 0; i < size; i++) {
            int block = from + (start + i) % size;
            if (node.copies[block] > 0
                    && node.lacks(block)
                    && (rarest < 0 || node.copies[block] < node.copies[rarest])) {
                Node free = source(node, block);
                if (free != null) {
                    rarest = block;
                    source = free;
                }
            }
        }
        if (source == null) {
            return false;
        }
        ask(node, rarest, source.host);
        return true;
    }

    private static @Nullable Node source(Node node, int block) {
        Node best = null;
        int least = AT_ONE;
        for (Node neighbour : node.neighbours) {
            if (neighbour.told.get(block)) {
                int open = node.openAt(neighbour.host);
                if (open < least && !neighbour.host.gone) {
                    least = open;
                    best = neighbour;
                }
            }
        }
        return best;
    }

    private void ask(Node node, int block, Host source) {
        node.asked.set(block);
        Fetch fetch = world.fetch(node.host, block, source);
        node.open.add(fetch);
    }

    @Override
    public Cost cost() {
        return new Cost(0, 0, messages);
    }
}
