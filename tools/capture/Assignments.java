// What Kafka's own assignors make of groups: members that come, go, change their subscriptions, with and without racks, over several
// generations, with the bytes that they tell of themselves and are told. One line of JSON per assignment, to standard output.
// Names are such that Java's hash tables go through them in alphabetical order: who may keep the surplus depends on it there.

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Assignment;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

public class Assignments {
    private static final int SCENARIOS = 32;
    private static final int GENERATIONS = 4;

    static ConsumerPartitionAssignor make(String name) {
        return switch (name) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
    }

    static final class Member {
        final ConsumerPartitionAssignor assignor;
        final String instance;
        final String rack;
        Set<String> topics;
        List<TopicPartition> owned = new ArrayList<>();
        int generation = -1;

        Member(String assignor, String instance, String rack) {
            this.assignor = make(assignor);
            this.instance = instance;
            this.rack = rack;
        }
    }

    public static void main(String[] words) {
        for (String assignor : List.of("range", "roundrobin", "sticky", "cooperative-sticky"))
            for (int scenario = 0; scenario < SCENARIOS; scenario++) run(assignor, scenario);
    }

    static void run(String assignor, int scenario) {
        Random random = new Random(1000 + scenario);
        boolean racks = scenario % 4 == 3;
        boolean sameTopics = scenario % 2 == 0 || racks;
        TreeMap<String, Integer> topics = new TreeMap<>();
        for (int count = 1 + random.nextInt(4); count > 0; count--) topics.put("p" + random.nextInt(10), 1 + random.nextInt(7));
        TreeMap<String, Member> members = new TreeMap<>();
        for (int generation = 1; generation <= GENERATIONS; generation++) {
            change(assignor, random, racks, sameTopics, topics, members);
            assign(assignor, scenario, racks, generation, topics, members);
        }
    }

    static void change(String assignor, Random random, boolean racks, boolean same, TreeMap<String, Integer> topics, TreeMap<String, Member> members) {
        if (random.nextInt(3) == 0) topics.merge("p" + random.nextInt(10), 2, Integer::sum);
        if (members.size() > 1 && random.nextInt(3) == 0) members.pollFirstEntry();
        for (int count = members.isEmpty() ? 1 + random.nextInt(4) : random.nextInt(2); count > 0; count--) {
            String instance = random.nextInt(4) == 0 ? "i" + random.nextInt(100) : null;
            members.putIfAbsent("P" + random.nextInt(10), new Member(assignor, instance, racks ? "r" + random.nextInt(3) : null));
        }
        for (Member member : members.values()) {
            if (same || member.topics == null || random.nextInt(4) == 0) {
                member.topics = new TreeSet<>(topics.keySet());
                // Java gives partitions to members without a subscription when the first one has none: not to be copied.
                if (!same) member.topics.removeIf(topic -> member.topics.size() > 1 && random.nextInt(3) == 0);
            }
        }
    }

    static void assign(String assignor, int scenario, boolean racks, int generation, TreeMap<String, Integer> topics, TreeMap<String, Member> members) {
        boolean cooperative = assignor.equals("cooperative-sticky");
        Map<String, Subscription> subscriptions = new HashMap<>();
        Map<String, String> told = new TreeMap<>();
        for (Map.Entry<String, Member> entry : members.entrySet()) {
            Member member = entry.getValue();
            List<TopicPartition> owned = cooperative
                ? member.owned.stream().filter(each -> member.topics.contains(each.topic())).toList()
                : List.of();
            Subscription subscription = new Subscription(new ArrayList<>(member.topics), member.assignor.subscriptionUserData(member.topics),
                owned, member.generation, Optional.ofNullable(member.rack));
            ByteBuffer bytes = ConsumerProtocol.serializeSubscription(subscription);
            told.put(entry.getKey(), base64(bytes));
            Subscription read = ConsumerProtocol.deserializeSubscription(bytes);
            read.setGroupInstanceId(Optional.ofNullable(member.instance));
            subscriptions.put(entry.getKey(), read);
        }
        Map<String, List<List<String>>> replicas = new TreeMap<>();
        Map<String, Assignment> assigned = members.firstEntry().getValue().assignor
            .assign(cluster(topics, racks, replicas), new GroupSubscription(subscriptions)).groupAssignment();
        print(assignor, scenario, generation, replicas, members, told, assigned);
        for (Map.Entry<String, Member> entry : members.entrySet()) {
            Member member = entry.getValue();
            Assignment mine = assigned.get(entry.getKey());
            member.generation = generation;
            member.owned = new ArrayList<>(mine.partitions());
            member.assignor.onAssignment(mine, new ConsumerGroupMetadata("g", generation, entry.getKey(), Optional.ofNullable(member.instance)));
        }
    }

    static Cluster cluster(TreeMap<String, Integer> topics, boolean racks, Map<String, List<List<String>>> told) {
        List<Node> nodes = new ArrayList<>();
        for (int id = 0; id < 3; id++) nodes.add(new Node(id, "h", 1, racks ? "r" + id : null));
        List<PartitionInfo> infos = new ArrayList<>();
        topics.forEach((topic, count) -> {
            told.put(topic, new ArrayList<>());
            for (int partition = 0; partition < count; partition++) {
                Node[] replicas = {nodes.get(partition % 3), nodes.get((partition + topic.hashCode()) % 3)};
                infos.add(new PartitionInfo(topic, partition, replicas[0], replicas, replicas));
                told.get(topic).add(racks ? List.of(replicas[0].rack(), replicas[1].rack()) : List.of());
            }
        });
        return new Cluster("c", nodes, infos, Collections.emptySet(), Collections.emptySet());
    }

    static void print(String assignor, int scenario, int generation, Map<String, List<List<String>>> replicas, TreeMap<String, Member> members,
                      Map<String, String> told, Map<String, Assignment> assigned) {
        String topics = replicas.entrySet().stream()
            .map(topic -> quoted(topic.getKey()) + ":" + topic.getValue().stream().map(Assignments::list).collect(Collectors.joining(",", "[", "]")))
            .collect(Collectors.joining(",", "{", "}"));
        String people = members.entrySet().stream().map(entry -> {
            Member member = entry.getValue();
            Assignment mine = assigned.get(entry.getKey());
            return "{\"memberId\":" + quoted(entry.getKey()) + ",\"instance\":" + quoted(member.instance) + ",\"subscription\":" + quoted(told.get(entry.getKey()))
                + ",\"partitions\":" + list(mine.partitions().stream().map(TopicPartition::toString).toList())
                + ",\"assignment\":" + quoted(base64(ConsumerProtocol.serializeAssignment(mine))) + "}";
        }).collect(Collectors.joining(",", "[", "]"));
        System.out.println("{\"assignor\":" + quoted(assignor) + ",\"scenario\":" + scenario + ",\"generation\":" + generation
            + ",\"topics\":" + topics + ",\"members\":" + people + "}");
    }

    static String base64(ByteBuffer buffer) {
        ByteBuffer copy = buffer.duplicate();
        byte[] bytes = new byte[copy.remaining()];
        copy.get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    static String list(List<String> texts) {
        return texts.stream().map(Assignments::quoted).collect(Collectors.joining(",", "[", "]"));
    }

    static String quoted(String text) {
        return text == null ? "null" : "\"" + text + "\"";
    }
}
