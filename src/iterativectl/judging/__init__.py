"""From a picture to an assessment: questions, criteria, comparison, replies, score, advice."""
